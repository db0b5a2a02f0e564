#pragma once

namespace pare::command {

/// From now on SIGINT, SIGTERM and, where it is not ignored, SIGHUP are asked for by interrupted() instead of ending the
/// program; a second one ends it.
void catch_interrupts();
/// The signal that has come, or 0.
int interrupted();

} // namespace pare::command
