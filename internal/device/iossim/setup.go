package iossim

import (
	"errors"

	"dray/internal/device/iossim/tty"
)

// setup is the dialog at the console of a device that has no startup-config.
func (s *session) setup() error {
	s.Print("\n\n         --- System Configuration Dialog ---\n\n")
	yes, err := s.YesNo("Would you like to enter the initial configuration dialog? [yes/no]: ")
	if err != nil {
		return s.setupAborted(err)
	}
	m := s.d.model
	switch {
	case yes:
		if err := s.basicSetup(); err != nil {
			return s.setupAborted(err)
		}
	case !m.XE && !m.Switch:
		if err := s.autoinstall(); err != nil {
			return s.setupAborted(err)
		}
	}
	s.answered()
	return nil
}

// answered notes that nobody is to be asked again before the next boot.
func (s *session) answered() {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	s.d.fresh = false
}

// setupAborted is what Ctrl-C does.
func (s *session) setupAborted(err error) error {
	if !errors.Is(err, tty.ErrAbort) {
		return err
	}
	s.Print("Configuration aborted, no changes made.\n")
	s.answered()
	return nil
}

// autoinstall asks whether to stop looking for a configuration on the network.
func (s *session) autoinstall() error {
	for {
		answer, err := s.Ask("\nWould you like to terminate autoinstall? [yes]: ")
		if err != nil || answer == "" || answer[0] == 'y' || answer[0] == 'n' {
			return err
		}
		s.Print("% Please answer 'yes' or 'no'.\n")
	}
}

// basicSetup asks for what is needed to reach the device.
func (s *session) basicSetup() error {
	s.Print("\nAt any point you may enter a question mark '?' for help.\nUse ctrl-c to abort configuration dialog at any prompt.\nDefault settings are in square brackets '[]'.\n\n")
	if yes, err := s.YesNo("Would you like to enter basic management setup? [yes/no]: "); err != nil || !yes {
		return err
	}
	usual := s.d.Hostname()
	s.Print("Configuring global parameters:\n\n")
	name, err := s.Ask("  Enter host name [" + usual + "]: ")
	if err != nil {
		return err
	}
	secret, err := s.required("  Enter enable secret: ")
	if err != nil {
		return err
	}
	password, err := s.required("  Enter virtual terminal password: ")
	if err != nil {
		return err
	}
	s.Print("\n[0] Go to the IOS command prompt without saving this config.\n[1] Return back to the setup without saving this config.\n[2] Save this configuration to nvram and exit.\n\n")
	choice, err := s.Ask("Enter your selection [2]: ")
	switch {
	case err != nil || choice == "0":
		return err
	case choice == "1":
		return s.basicSetup()
	}
	c := s.configurer()
	for _, l := range []string{"hostname " + or(name, usual), "enable secret " + secret, "line vty 0 4", "password " + password, "login", "end"} {
		s.Print(c.Line(l))
	}
	return s.save()
}

// required asks until there is an answer.
func (s *session) required(question string) (string, error) {
	for {
		answer, err := s.Ask(question)
		if err != nil || answer != "" {
			return answer, err
		}
		s.Print("% No defaulting allowed\n")
	}
}
