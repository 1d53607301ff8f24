#!/usr/bin/env bash
# Checks every kernel on this machine's GPU and measures it against PyTorch: bash bench/gpu.sh --help
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

stop() { echo "gpu.sh: $1" >&2; exit 2; }
command -v node > /dev/null || stop 'Node.js is missing. Install it, or put the folder of its executable into PATH.'
[ -d node_modules/webgpu ] || stop 'node_modules/ is missing. Run "npm ci" here, or bring it along from a machine of the same kind.'
[ -f dist/bench/gpu/main.js ] || stop 'dist/ is missing or old. Run "npm run build" where TypeScript is installed, and bring dist/ along.'
exec node dist/bench/gpu/main.js "$@"
