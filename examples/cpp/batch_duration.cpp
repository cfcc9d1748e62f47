// Pushes how long a batch job took and when it last succeeded.
//
// PUSH_URL is the gateway with its port, as in https://push.example.com:443; PUSH_USERNAME and
// PUSH_PASSWORD are a user name and a password, or the name of a credential and its token. Debian:
//   apt install g++ prometheus-cpp-dev
//   g++ -std=c++17 -o batch_duration batch_duration.cpp -lprometheus-cpp-push -lprometheus-cpp-core

#include <prometheus/gateway.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

namespace {

std::string env(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// The work.
void runBatch() { std::this_thread::sleep_for(std::chrono::milliseconds(100)); }

}  // namespace

int main() {
  const auto registry = std::make_shared<prometheus::Registry>();
  auto& duration = prometheus::BuildGauge()
                       .Name("batch_duration_seconds")
                       .Help("Duration of the batch.")
                       .Register(*registry)
                       .Add({});
  auto& lastSuccess = prometheus::BuildGauge()
                          .Name("batch_last_success_timestamp_seconds")
                          .Help("When it last succeeded.")
                          .Register(*registry)
                          .Add({});

  const auto start = std::chrono::steady_clock::now();
  runBatch();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  duration.Set(took.count());
  lastSuccess.SetToCurrentTime();

  const std::string url = env("PUSH_URL");
  const auto colon = url.rfind(':');
  prometheus::Gateway gateway{url.substr(0, colon), url.substr(colon + 1), "nightly_index", {},
                              env("PUSH_USERNAME"), env("PUSH_PASSWORD")};
  gateway.RegisterCollectable(registry);

  // Push() is a POST, which leaves alone what it does not name; the PUT that replaces the whole group
  // is called PushAdd(). On a refusal the library writes the reason to stdout; only the number tells
  // that there was one.
  const int status = gateway.Push();
  if (status != 200 && status != 202) {
    std::cerr << "the push was refused or failed: " << status << '\n';
    return EXIT_FAILURE;
  }
}
