#include "train/program.hpp"

// pare-train: what of pare needs LibTorch. `pare train|evaluate|data` runs it; its users type "pare": so its faults begin.
int main(int argc, char **argv) { return pare::train::run_program("pare", argc, argv); }
