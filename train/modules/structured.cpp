#include "train/modules/structured.hpp"

#include "train/cuda/kernels.hpp"
#include "train/torch.hpp"

#include <ATen/Parallel.h>

#include <map>
#include <mutex>
#include <numbers>
#include <optional>
#include <tuple>

namespace pare::train {

namespace {

/// [K] from the gradient of the weight [elements], on the CPU.
torch::Tensor sum_by_value(const torch::Tensor &gradient, const InverseIndex &inverse) {
  const std::int64_t values = inverse.offsets.numel() - 1;
  torch::Tensor out = torch::empty({values}, gradient.options());
  const auto *order = inverse.order.const_data_ptr<std::int64_t>();
  const auto *offsets = inverse.offsets.const_data_ptr<std::int64_t>();
  AT_DISPATCH_FLOATING_TYPES(gradient.scalar_type(), "hashed_weight", [&] {
    const auto *from = gradient.const_data_ptr<scalar_t>();
    auto *to = out.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, values, 1024, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t k = begin; k < end; ++k) {
        scalar_t sum = 0;
        for (std::int64_t i = offsets[k]; i < offsets[k + 1]; ++i) sum += from[order[i]];
        to[k] = sum;
      }
    });
  });
  return out;
}

class Hashed : public torch::autograd::Function<Hashed> {
public:
  static torch::Tensor forward(torch::autograd::AutogradContext *context, const torch::Tensor &values,
                               const torch::Tensor &index, const std::optional<torch::Tensor> &signs,
                               const torch::Tensor &order, const torch::Tensor &offsets) {
    context->save_for_backward({signs.value_or(torch::Tensor()), order, offsets});
    torch::Tensor out = values.index_select(0, index);
    if (signs) out.mul_(signs->to(out.scalar_type()));
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    torch::Tensor gradient = gradients[0].contiguous();
    if (saved[0].defined()) gradient = gradient * saved[0].to(gradient.scalar_type());
    const InverseIndex inverse{saved[1], saved[2]};
    torch::Tensor out =
        gradient.is_cpu() ? sum_by_value(gradient, inverse) : cuda_sum_by_value(gradient, inverse.order, inverse.offsets);
    return {out, {}, {}, {}, {}};
  }
};

/// Even columns first, then odd ones.
torch::Tensor riffle(std::int64_t n) { return torch::cat({torch::arange(0, n, 2), torch::arange(1, n, 2)}); }

/// C and C^-1 with the riffles of an ACDC factor applied to their columns: R(R(diag(A) C) diag(D) C^-1) is
/// diag(A) first diag(D) second.
struct AcdcMatrices {
  torch::Tensor first;
  torch::Tensor second;
};

const AcdcMatrices &acdc_matrices(std::int64_t n, bool inner_riffle, const torch::TensorOptions &options) {
  using Key = std::tuple<std::int64_t, bool, torch::ScalarType, std::string>;
  static std::mutex mutex;
  static std::map<Key, AcdcMatrices> made;
  const std::scoped_lock lock(mutex);
  auto &entry = made[Key{n, inner_riffle, c10::typeMetaToScalarType(options.dtype()), options.device().str()}];
  if (!entry.first.defined()) {
    const torch::NoGradGuard no_gradient;
    const torch::Tensor columns = riffle(n);
    const torch::Tensor dct = dct_matrix(n);
    entry.first = (inner_riffle ? dct.index_select(1, columns) : dct).to(options);
    entry.second = inverse_dct_matrix(n).index_select(1, columns).to(options);
  }
  return entry;
}

/// What fast transforms of n numbers need; n is even.
struct AcdcTables {
  torch::Tensor order;     ///< int64 [n]: number i goes where the riffle took it from
  torch::Tensor fold;      ///< int64 [n]: the even ones, then the odd ones from the last
  torch::Tensor unfold;    ///< int64 [n]: its inverse
  torch::Tensor twiddle;   ///< complex [n / 2 + 1]: exp(-i pi k / (2 n))
  torch::Tensor to_even;   ///< [n]: 1 / (2 n), half of it first
  torch::Tensor from_even; ///< [n]: 2 n, twice that first
};

const AcdcTables &acdc_tables(std::int64_t n, const torch::TensorOptions &options) {
  using Key = std::tuple<std::int64_t, torch::ScalarType, std::string>;
  static std::mutex mutex;
  static std::map<Key, AcdcTables> made;
  const std::scoped_lock lock(mutex);
  auto &entry = made[Key{n, c10::typeMetaToScalarType(options.dtype()), options.device().str()}];
  if (!entry.order.defined()) {
    const torch::NoGradGuard no_gradient;
    const auto size = static_cast<double>(n);
    const torch::Tensor index = torch::arange(n, torch::kInt64);
    const torch::Tensor fold = at::cat({index.slice(0, 0, n, 2), index.slice(0, 1, n, 2).flip(0)});
    const torch::Tensor angle = torch::arange(n / 2 + 1, torch::kFloat64) * (-std::numbers::pi / (2 * size));
    torch::Tensor scale = torch::full({n}, 2 * size, torch::kFloat64);
    scale[0] *= 2;
    entry = {.order = at::argsort(riffle(n)).to(options.device()),
             .fold = fold.to(options.device()),
             .unfold = at::argsort(fold).to(options.device()),
             .twiddle =
                 at::complex(at::cos(angle), at::sin(angle))
                     .to(torch::TensorOptions(options).dtype(c10::toComplexType(c10::typeMetaToScalarType(options.dtype())))),
             .to_even = (1 / scale).to(options),
             .from_even = scale.to(options)};
  }
  return entry;
}

// C^-1 x is the DCT-II of x up to factors, C x undoes that; both by one transform of as many numbers (Makhoul 1980), whose
// halves are the real and the imaginary parts.

torch::Tensor inverse_dct(const torch::Tensor &x, const AcdcTables &t) {
  const torch::Tensor u = at::fft_rfft(x.index_select(-1, t.fold)) * t.twiddle;
  const std::int64_t half = x.size(-1) / 2;
  return at::cat({at::real(u), -at::imag(u).slice(-1, 1, half).flip(-1)}, -1) * (2 * t.to_even);
}

torch::Tensor forward_dct(const torch::Tensor &x, const AcdcTables &t) {
  const std::int64_t n = x.size(-1);
  const torch::Tensor scaled = x * (t.from_even / 2);
  const torch::Tensor imaginary = at::cat({at::zeros_like(x.slice(-1, 0, 1)), -scaled.slice(-1, n / 2).flip(-1)}, -1);
  const torch::Tensor u = at::complex(scaled.slice(-1, 0, n / 2 + 1).contiguous(), imaginary);
  return at::fft_irfft(u * at::conj(t.twiddle), n).index_select(-1, t.unfold);
}

} // namespace

InverseIndex invert(const torch::Tensor &index, std::int64_t values) {
  const torch::Tensor flat = index.to(torch::kCPU, torch::kInt64).contiguous();
  const auto *at = flat.const_data_ptr<std::int64_t>();
  InverseIndex out{torch::empty({flat.numel()}, torch::kInt64), torch::zeros({values + 1}, torch::kInt64)};
  auto *offsets = out.offsets.mutable_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < flat.numel(); ++i) {
    TORCH_CHECK(at[i] >= 0 && at[i] < values, "hash index ", at[i], " must be from 0 to ", values - 1);
    ++offsets[at[i] + 1];
  }
  for (std::int64_t k = 0; k < values; ++k) offsets[k + 1] += offsets[k];
  std::vector<std::int64_t> next(offsets, offsets + values);
  auto *order = out.order.mutable_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < flat.numel(); ++i) order[next[static_cast<std::size_t>(at[i])]++] = i;
  return {out.order.to(index.device()), out.offsets.to(index.device())};
}

torch::Tensor hashed_weight(const torch::Tensor &values, const torch::Tensor &index, const torch::Tensor &signs,
                            const std::shared_ptr<const InverseIndex> &inverse) {
  return Hashed::apply(values, index, signs.defined() ? std::optional(signs) : std::nullopt, inverse->order, inverse->offsets);
}

torch::Tensor dct_matrix(std::int64_t n) {
  const torch::Tensor i = torch::arange(n, torch::kFloat64).unsqueeze(1);
  const torch::Tensor k = torch::arange(n, torch::kFloat64).unsqueeze(0);
  return 2 * torch::cos(k * (2 * i + 1) * (std::numbers::pi / (2 * static_cast<double>(n))));
}

torch::Tensor inverse_dct_matrix(std::int64_t n) {
  torch::Tensor out = dct_matrix(n).t() / (2 * static_cast<double>(n));
  out[0] /= 2;
  return out.contiguous();
}

torch::Tensor acdc_weight(std::span<const torch::Tensor> diagonals, bool inner_riffle) {
  const AcdcMatrices &m = acdc_matrices(diagonals[0].size(0), inner_riffle, diagonals[0].options());
  torch::Tensor product;
  for (std::size_t l = 0; l < diagonals.size(); l += 2) {
    const torch::Tensor factor = torch::matmul(diagonals[l] * m.first, diagonals[l + 1] * m.second);
    product = l == 0 ? factor : torch::matmul(product, factor);
  }
  return product;
}

torch::Tensor acdc_transform(const torch::Tensor &x, const torch::Tensor &a, const torch::Tensor &d, bool inner_riffle) {
  const AcdcTables &t = acdc_tables(x.size(-1), x.options());
  // M R x, for a riffle R of M's columns, is M applied to x with its numbers put back in order.
  torch::Tensor y = inverse_dct(x.index_select(-1, t.order), t) * d.flatten();
  if (inner_riffle) y = y.index_select(-1, t.order);
  return forward_dct(y, t) * a.flatten();
}

torch::Tensor tensor_train_weight(std::span<const torch::Tensor> cores) {
  torch::Tensor out = cores[0].reshape({-1, cores[0].size(2)});
  for (const torch::Tensor &core : cores.subspan(1))
    out = torch::matmul(out, core.reshape({core.size(0), -1})).reshape({-1, core.size(2)});
  return out.reshape({-1});
}

torch::Tensor mode_product(const torch::Tensor &core, const torch::Tensor &factor, std::int64_t mode) {
  auto extents = core.sizes().vec();
  std::int64_t before = 1;
  for (std::int64_t i = 0; i < mode; ++i) before *= extents[static_cast<std::size_t>(i)];
  torch::Tensor out = torch::matmul(factor, core.reshape({before, core.size(mode), -1}));
  extents[static_cast<std::size_t>(mode)] = factor.size(0);
  return out.reshape(extents);
}

torch::Tensor polyadic_weight(std::span<const torch::Tensor> factors) {
  torch::Tensor out = factors[0];
  for (const torch::Tensor &factor : factors.subspan(1, factors.size() - 2))
    out = (out.unsqueeze(1) * factor.unsqueeze(0)).reshape({-1, factor.size(1)});
  return torch::matmul(out, factors.back().t()).reshape({-1});
}

torch::Tensor block_diagonal(const torch::Tensor &rows, std::int64_t groups, std::int64_t row_groups) {
  const std::int64_t columns = rows.size(1) * groups;
  const torch::Tensor blocks = rows.reshape({groups, -1, rows.size(1)});
  torch::Tensor out = torch::diag_embed(blocks.permute({1, 2, 0})).permute({2, 0, 3, 1}).reshape({-1, columns});
  if (row_groups > 1) out = out.reshape({row_groups, -1, columns}).transpose(0, 1);
  return out.reshape({-1, columns, 1, 1});
}

torch::Tensor circulant_blocks(const torch::Tensor &columns) {
  // Windows of a doubled column: its gradient is summed in an order that never changes.
  const std::int64_t block = columns.size(2);
  const torch::Tensor rolled = columns.roll(-1, 2);
  const torch::Tensor blocks = torch::cat({rolled, rolled.narrow(2, 0, block - 1)}, 2).unfold(2, block, 1).flip(3);
  return blocks.permute({0, 2, 1, 3}).reshape({columns.size(0) * block, columns.size(1) * block});
}

} // namespace pare::train
