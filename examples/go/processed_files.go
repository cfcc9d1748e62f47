// Processes files and pushes how many: processed_files FILE...
//
// PUSH_URL is the gateway; PUSH_USERNAME and PUSH_PASSWORD are a user name and a password, or the
// name of a credential and its token. TASK_ID tells tasks apart that run at the same time.
package main

import (
	"log"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/push"
)

// process is the work.
func process(path string) error {
	_, err := os.ReadFile(path)
	return err
}

func main() {
	log.SetFlags(0)
	files := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "files_processed_total",
		Help: "Files that this task has processed, by how it went.",
	}, []string{"result"})
	files.WithLabelValues("failure") // a series from the start, so that the first failure is a rise
	for _, path := range os.Args[1:] {
		if err := process(path); err != nil {
			log.Print(err)
			files.WithLabelValues("failure").Inc()
		} else {
			files.WithLabelValues("success").Inc()
		}
	}

	// Every task counts from 0 and is an instance of its own: sum over them in Prometheus. The groups
	// stay until they are deleted: Delete() instead of Push().
	err := push.New(os.Getenv("PUSH_URL"), "import_files").
		Grouping("instance", os.Getenv("TASK_ID")).
		BasicAuth(os.Getenv("PUSH_USERNAME"), os.Getenv("PUSH_PASSWORD")).
		Collector(files).
		Push()
	if err != nil {
		log.Fatal(err) // status, reason, and what to change
	}
}
