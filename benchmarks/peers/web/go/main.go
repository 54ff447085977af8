// HTTP on Go's net/http: go_web --port P [--lifetime SECONDS]
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"time"
)

type message struct {
	Text string `json:"text"`
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
	time.AfterFunc(time.Duration(*lifetime)*time.Second, func() { os.Exit(0) })

	mux := http.NewServeMux()
	mux.HandleFunc("/plaintext", func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "text/plain; charset=utf-8")
		answer.Write([]byte("Hello, World!"))
	})
	mux.HandleFunc("/json", func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "application/json")
		json.NewEncoder(answer).Encode(message{"Hello, World!"})
	})
	log.Fatal(http.Serve(listener, mux))
}
