// Package server runs a NATS server with JetStream in this process, for package queue. It is a package of its own so that only
// what serves carries the server.
package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Options of a server.
type Options struct {
	// Store is the folder that keeps everything.
	Store string
	// Listen is HOST:PORT; port 0 is any that is free.
	Listen string
	// Token, if not empty, is a secret that clients must give, User the public key (U...) of the one user that may connect.
	Token, User string
	// Cert and Key, if not empty, name the files (PEM) for TLS, without which nothing is encrypted.
	Cert, Key string
	// Log, if not nil, is called with what the server warns of.
	Log func(string)
}

// ErrOpen is wrapped by the error for an address that others can reach while they need no secret or can listen.
var ErrOpen = errors.New("other machines could reach this address: it takes credentials and TLS")

// Server is a server that runs.
type Server struct {
	s      *server.Server
	broken chan error
}

// readyWithin bounds how long a store may take to be read.
const readyWithin = 5 * time.Minute

// Start starts a server and waits until it can be used.
func Start(o Options) (*Server, error) {
	options, err := o.server()
	if err != nil {
		return nil, err
	}
	s, err := server.NewServer(options)
	if err != nil {
		return nil, err
	}
	out := &Server{s, make(chan error, 1)}
	s.SetLogger(&logger{o.Log, out.broken}, false, false)
	s.Start()
	if !s.ReadyForConnections(readyWithin) || !s.JetStreamEnabled() {
		s.Shutdown()
		return nil, fmt.Errorf("the server did not start on %s with the store %s: is the address free, and the folder writable and used by no other server?", o.Listen, o.Store)
	}
	return out, nil
}

func (o Options) server() (*server.Options, error) {
	host, text, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 0 || port > 65535 {
		return nil, fmt.Errorf("%q is no port", text)
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	secret := o.Token != "" || o.User != ""
	if !loopback(host) && (!secret || o.Cert == "") {
		return nil, fmt.Errorf("%s: %w", o.Listen, ErrOpen)
	}
	out := &server.Options{
		Host: host, Port: port, ServerName: "unlearnguard", NoSigs: true,
		JetStream: true, StoreDir: o.Store,
		// By default the disk is written to every two minutes, and what was confirmed before that may be lost.
		SyncAlways:    true,
		Authorization: o.Token,
	}
	if o.User != "" {
		out.Nkeys = []*server.NkeyUser{{Nkey: o.User}}
	}
	if o.Cert == "" {
		return out, nil
	}
	pair, err := tls.LoadX509KeyPair(o.Cert, o.Key)
	if err != nil {
		return nil, err
	}
	out.TLS, out.TLSTimeout = true, 5
	out.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	return out, nil
}

// loopback reports whether only this machine can reach a host's address.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// URL is where clients reach the server.
func (s *Server) URL() string { return s.s.ClientURL() }

// Stop ends the server, with everything on the disk.
func (s *Server) Stop() {
	s.s.Shutdown()
	s.s.WaitForShutdown()
}

// Broken delivers the reason when something could not be written to the store, as to a full disk. The server takes nothing more
// then, even when there is space again, until it is stopped and another one started. What it had confirmed is kept.
func (s *Server) Broken() <-chan error { return s.broken }

// unwritable begins what the server says of a stream or a consumer that it gives up since it cannot be written: it tells nobody else.
const unwritable = "critical write error: "

// logger passes on what is more than a note.
type logger struct {
	say    func(string)
	broken chan<- error
}

func (l *logger) Noticef(string, ...any)         {}
func (l *logger) Debugf(string, ...any)          {}
func (l *logger) Tracef(string, ...any)          {}
func (l *logger) Warnf(format string, v ...any)  { l.pass(fmt.Sprintf(format, v...)) }
func (l *logger) Errorf(format string, v ...any) { l.pass(fmt.Sprintf(format, v...)) }
func (l *logger) Fatalf(format string, v ...any) { l.pass(fmt.Sprintf(format, v...)) }

func (l *logger) pass(line string) {
	if _, reason, ok := strings.Cut(line, unwritable); ok {
		select {
		case l.broken <- errors.New(reason):
		default: // it is known already
		}
		return
	}
	if l.say != nil {
		l.say(line)
	}
}
