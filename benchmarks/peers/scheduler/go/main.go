// Scheduler cases on Go: go_cases all|sleep N [--json]
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	rounds    = 4
	maxTimers = 100_000
	sleepFor  = 10 * time.Second
)

func twoYielders(n int) {
	var done sync.WaitGroup
	done.Add(2)
	for task := 0; task < 2; task++ {
		go func() {
			defer done.Done()
			for i := 0; i < n; i++ {
				runtime.Gosched()
			}
		}()
	}
	done.Wait()
}

func spawnOneByOne(n int) {
	done := make(chan struct{})
	for i := 0; i < n; i++ {
		go func() { done <- struct{}{} }()
		<-done
	}
}

func spawnAllThenJoin(n int) {
	var done sync.WaitGroup
	done.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			runtime.Gosched()
			done.Done()
		}()
	}
	done.Wait()
}

func pingPong(n int) {
	there, back := make(chan struct{}), make(chan struct{})
	go func() {
		for i := 0; i < n; i++ {
			<-there
			back <- struct{}{}
		}
	}()
	for i := 0; i < n; i++ {
		there <- struct{}{}
		<-back
	}
}

// Due in ten to eleven seconds, long after the case is over; in no order, as timeouts of different kinds are.
func timers(n int) {
	started := make([]*time.Timer, n)
	for i := range started {
		delay := 10*time.Second + time.Duration(i*7919%1000)*time.Millisecond
		started[i] = time.AfterFunc(delay, func() { panic("a cancelled timer ran") })
	}
	for _, timer := range started {
		timer.Stop()
	}
}

type line struct {
	Runtime string  `json:"runtime"`
	Version string  `json:"version"`
	Case    string  `json:"case"`
	Round   int     `json:"round"`
	Ns      float64 `json:"ns"`
}

type sleepLine struct {
	Runtime string  `json:"runtime"`
	Version string  `json:"version"`
	Case    string  `json:"case"`
	N       int     `json:"n"`
	Ms      float64 `json:"ms"`
	RssMb   float64 `json:"rss_mb"`
}

func printLine(asJSON bool, fields any, text string) {
	if asJSON {
		encoded, _ := json.Marshal(fields)
		text = string(encoded)
	}
	fmt.Println(text)
}

func allCases(n int, asJSON bool) {
	cases := []struct {
		name      string
		run       func(int)
		count     int
		perNCount int
	}{
		{"yield", twoYielders, n, 2},
		{"spawn", spawnOneByOne, n, 1},
		{"spawnjoin", spawnAllThenJoin, n, 1},
		{"pingpong", pingPong, n, 1},
		{"timers", timers, min(n, maxTimers), 1},
	}
	for round := 0; round < rounds; round++ {
		for _, c := range cases {
			start := time.Now()
			c.run(c.count)
			ns := float64(time.Since(start).Nanoseconds()) / float64(c.count*c.perNCount)
			printLine(asJSON, line{"go", runtime.Version(), c.name, round, ns}, fmt.Sprintf("%-10s %10.1f", c.name, ns))
		}
	}
}

func sleepers(n int, asJSON bool) {
	start := time.Now()
	var done sync.WaitGroup
	done.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			time.Sleep(sleepFor)
			done.Done()
		}()
	}
	done.Wait()
	ms, rss := float64(time.Since(start).Microseconds())/1000, peakRssMb()
	printLine(asJSON, sleepLine{"go", runtime.Version(), "sleep", n, ms, rss},
		fmt.Sprintf("sleep %d: %.0f ms, peak RSS %.0f MB", n, ms, rss))
}

// VmHWM and not getrusage's maximum: that one begins with what the parent had at the fork.
func peakRssMb() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	for _, field := range strings.Split(string(status), "\n") {
		if strings.HasPrefix(field, "VmHWM:") {
			kb, _ := strconv.ParseFloat(strings.Fields(field)[1], 64)
			return kb / 1024
		}
	}
	return 0
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

func main() {
	runtime.GOMAXPROCS(1) // one core for everyone
	var words []string
	asJSON := false
	for _, argument := range os.Args[1:] {
		if argument == "--json" {
			asJSON = true
		} else {
			words = append(words, argument)
		}
	}
	if len(words) == 2 {
		if n, err := strconv.Atoi(words[1]); err == nil && n > 0 {
			switch words[0] {
			case "all":
				allCases(n, asJSON)
				return
			case "sleep":
				sleepers(n, asJSON)
				return
			}
		}
	}
	fmt.Fprintln(os.Stderr, "usage: go_cases all|sleep N [--json]")
	os.Exit(2)
}
