#include "solver/candidate_file.hpp"
#include "solver/proof.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) {
  const CandidateFile file = read_candidates(bytes, "f.json");
  const std::string written = write_candidates(file.table, file.certificate);
  const CandidateFile again = without_error("what was written is refused", [&] { return read_candidates(written, "f.json"); });
  expect(write_candidates(again.table, again.certificate) == written, "what was written reads as another table");
  write_mps(file.table);
  write_opb(file.table);

  Control control;
  control.memory_bytes = 1 << 16;
  const Proof proof = prove(file.table, file.certificate, nullptr, control);
  expect(!proof.refuted || proof.proven == Proven::kNothing, "what is proven is refuted");
  // Other multipliers may weaken a proof; they turn none.
  Certificate other = file.certificate;
  for (std::int64_t &multiplier : other.multipliers) multiplier /= 2;
  const Proof weaker = prove(file.table, other, nullptr, control);
  const auto is_proven = [](const Proof &p) { return p.proven == Proven::kOptimal || p.proven == Proven::kInfeasible; };
  expect(!(is_proven(proof) && weaker.refuted) && !(is_proven(weaker) && proof.refuted), "two multipliers, two verdicts");
}

} // namespace pare::fuzz
