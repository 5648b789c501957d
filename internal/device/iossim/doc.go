// Package iossim is a simulated Cisco device: a command line, a flash, a configuration and
// a boot sequence that are consistent with each other. Files are real octets that a
// place.Transfers fetches and stores; what boots is what the boot list and the stand-in images
// on the flash say (see the packages below it). The models are a 2911, a 2960, an ISR 4331
// and a stack of three Catalyst 9300 (package model).
//
// A [Device] opens no socket and reads no file of the host. Whoever runs it hands it
// terminals with [Device.Serve], and a place.Transfers. It imitates what an operator sees who
// looks after images and configurations; it forwards no packet and routes nothing.
package iossim
