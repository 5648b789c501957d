package term

import "strings"

// EventKind is what an event tells of.
type EventKind uint8

// The kinds of events. Those from Prompt on are of the last line, as it stands; there is at
// most one, the last, and what comes after it takes its place.
const (
	Plain   EventKind = iota // a line
	Message                  // a line that nobody asked for, such as a log message
	Echo                     // a line with what was typed
	Prompt                   // the device waits for a command
	Asked                    // the device waits for the answer to a question of the table
	More                     // the device waits for a key before it goes on
	Strange                  // the device seems to ask what is in no table
)

func (k EventKind) String() string {
	return [...]string{"plain", "message", "echo", "prompt", "asked", "more", "strange"}[k]
}

// Event is what a device has said.
type Event struct {
	Kind     EventKind
	Text     string
	Mode     Mode      // of a prompt
	Question *Question // that was asked; of an echo too
	Bracket  string    // what stands in the brackets of the question, or what it names
	Doubtful bool      // what was typed has not been echoed as a whole
}

// Scanner reads what a device shows. Its zero value has seen nothing. It keeps one line and
// nothing else, does no I/O, and knows no time: whether more is to come is for the caller to
// judge.
type Scanner struct {
	line   line
	host   string // the name in the prompt, once it was seen
	config string // the name in the last prompt of configuration mode

	last        string // the last whole line that was no message
	interrupted bool   // a message came after it
	standing    bool   // and it stands alone, as Press RETURN does

	open     bool   // the line that was answered is not whole yet
	paused   bool   // and it is --More--, which is rubbed out
	answered bool   // the echo is not whole yet
	asked    string // what stood on the line that was answered
	left     string // what has not been echoed yet

	seen     Mode // of the prompt that stands there
	seenName string
}

// Host is the name of the device, "" before its first prompt.
func (s *Scanner) Host() string { return s.host }

// Feed takes what the device has sent, and returns what it tells.
func (s *Scanner) Feed(b []byte) (events []Event) {
	for _, k := range b {
		if s.line.put(k) {
			events = append(events, s.whole())
			s.line.reset()
			continue
		}
		if s.paused {
			s.rubbed()
		}
	}
	if e, ok := s.tail(); ok {
		events = append(events, e)
	}
	return events
}

// rubbed sees whether --More-- is gone from the line.
func (s *Scanner) rubbed() {
	text := s.line.String()
	if strings.TrimSpace(text) == "" {
		s.line.reset()
		s.paused, s.open = false, false
	} else if strings.Trim(text, " -<>Moret") != "" {
		s.paused, s.open = false, false
	}
}

// Answered says that what stands there now was answered with this text, which the device is
// going to echo, unless it is "". A prompt that is answered tells the name of the device.
func (s *Scanner) Answered(text string) {
	switch s.seen {
	case Configuring:
		s.config = s.seenName[:min(cut, len(s.seenName))]
	case User, Privileged:
		s.host = s.seenName
	}
	s.open, s.answered, s.asked, s.left = true, true, s.line.String(), text
	s.paused = isMore(s.asked)
	s.last, s.interrupted, s.standing = "", false, false
}

// Tail is what stands on the last line, which is not whole.
func (s *Scanner) Tail() string { return s.line.String() }

// Speaking reports whether the last line is more than what was answered there.
func (s *Scanner) Speaking() bool {
	text := strings.TrimSpace(s.line.String())
	return text != "" && !strings.HasPrefix(text, strings.TrimSpace(s.asked))
}

// whole takes a line.
func (s *Scanner) whole() Event {
	text := s.line.String()
	before, message := isNoise(text)
	s.open, s.paused = false, false
	if s.answered {
		if kind, ok := s.echoes(text, before, message); ok {
			return Event{Kind: kind, Text: text}
		}
	}
	if message {
		if before != "" {
			s.last = before
		}
		s.interrupted = true
		return Event{Kind: Message, Text: text}
	}
	if strings.TrimSpace(text) == "" {
		return Event{Kind: Plain, Text: text}
	}
	s.last, s.interrupted = text, false
	s.standing = false
	if e, ok := s.judge(text); ok { // a message is going to come: nobody has answered
		s.standing = e.Question != nil && e.Question.Name == "return"
		return Event{Kind: Echo, Text: text, Question: e.Question}
	}
	return Event{Kind: Plain, Text: text}
}

// echoes judges a line while an answer is being echoed: whether it is of the echo, or a
// message in its middle.
func (s *Scanner) echoes(text, before string, message bool) (EventKind, bool) {
	if message {
		if before != "" {
			s.echoed(before)
		}
		return Message, true
	}
	if strings.TrimSpace(text) == "" && s.left != "" {
		return Echo, true
	}
	if s.echoed(text) {
		return Echo, true
	}
	s.answered = false
	return Plain, false
}

// echoed takes a text off what is still to be echoed.
func (s *Scanner) echoed(text string) bool {
	typed, atPrompt := strings.CutPrefix(text, s.asked)
	typed = strings.TrimLeft(typed, " ")
	rest, ok := strings.CutPrefix(s.left, typed)
	switch {
	case ok && (typed != "" || atPrompt):
		s.left = strings.TrimLeft(rest, " ")
		s.answered = s.left != ""
		return true
	case atPrompt && s.asked != "": // scrolled, or written anew
		s.answered, s.left = false, ""
		return true
	}
	return false
}

// longestTail is how long a prompt or a question may be. The marks of a copy become much
// longer, one after the other, and need no look.
const longestTail = 1000

// tail judges what stands on the last line.
func (s *Scanner) tail() (e Event, ok bool) {
	s.seen = NoMode
	if s.open || len(s.line.text) > longestTail {
		return Event{}, false
	}
	text := s.line.String()
	if strings.TrimSpace(text) == "" {
		text = ""
	}
	e, ok = s.judge(text)
	if !ok && (s.interrupted || s.standing) && s.last != "" {
		e, ok = s.resumed(text)
	}
	if !ok && asks(text) {
		e, ok = Event{Kind: Strange, Text: text}, true
		if strings.TrimSpace(text) == "[confirm]" && s.last != "" {
			e.Text = s.last + "\n" + text
		}
	}
	e.Doubtful = s.answered && s.left != ""
	return e, ok
}

// resumed finds what a message has cut in two, or stands behind: it still waits.
func (s *Scanner) resumed(text string) (Event, bool) {
	lone := strings.TrimSpace(text) == "[confirm]" && strings.HasSuffix(strings.TrimSpace(s.last), "[confirm]")
	if text == "" || lone {
		return s.judge(s.last)
	}
	return s.judge(s.last + text)
}

// judge finds what a text asks for.
func (s *Scanner) judge(text string) (Event, bool) {
	if isMore(text) {
		return Event{Kind: More, Text: text}, true
	}
	if q, bracket, ok := question(text); ok {
		return Event{Kind: Asked, Text: text, Question: q, Bracket: bracket}, true
	}
	mode, name := s.prompt(text)
	if mode == NoMode {
		return Event{}, false
	}
	s.seen, s.seenName = mode, name
	return Event{Kind: Prompt, Text: text, Mode: mode}, true
}

// isMore reports whether a text is what a pager shows at the end of a page.
func isMore(text string) bool {
	switch strings.TrimSpace(text) {
	case "--More--", "-- More --", "<--- More --->":
		return true
	}
	return false
}
