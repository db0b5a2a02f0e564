#include "command/interrupt.hpp"

#include <csignal>
#include <initializer_list>

namespace pare::command {

namespace {

volatile std::sig_atomic_t caught = 0;

void remember(int signal) { caught = signal; }

} // namespace

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = remember;
  action.sa_flags = static_cast<int>(SA_RESETHAND); // the second one does what it always does
  sigemptyset(&action.sa_mask);
  for (int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
  // The terminal that goes away ends it too, but for nohup, which has it ignored.
  struct sigaction before = {};
  if (sigaction(SIGHUP, nullptr, &before) == 0 && before.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
  // A file that may not grow is an error of write(), and not the end.
  std::signal(SIGXFSZ, SIG_IGN);
}

int interrupted() { return caught; }

} // namespace pare::command
