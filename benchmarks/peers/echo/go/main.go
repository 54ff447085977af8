// TCP echo on Go, a goroutine for each connection: go_echo --port P [--lifetime SECONDS]
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

const bufferSize = 128 * 1024 // see server.h

func serve(connection net.Conn) {
	defer connection.Close() // package net has set TCP_NODELAY
	buffer := make([]byte, bufferSize)
	for {
		n, err := connection.Read(buffer)
		if n > 0 {
			if _, err := connection.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func main() {
	runtime.GOMAXPROCS(1) // one core for everyone
	port := flag.Int("port", -1, "port to listen on, on 127.0.0.1; 0: any")
	lifetime := flag.Int("lifetime", 120, "seconds until the server ends by itself")
	flag.Parse()
	if *port < 0 {
		flag.Usage()
		os.Exit(2)
	}

	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening %d\n", listener.Addr().(*net.TCPAddr).Port)

	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM, os.Interrupt)
	go func() {
		select {
		case <-terminated:
		case <-time.After(time.Duration(*lifetime) * time.Second):
		}
		os.Exit(0)
	}()

	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(connection)
	}
}
