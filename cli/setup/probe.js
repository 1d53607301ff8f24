// Asks Dawn for an adapter and prints what came, as JSON. A process of its own, because a driver that does not fit may
// crash or hang the process that loads it. With "--installed", the driver in .vulkan/ takes part; with "--experimental", the
// features count that Dawn hides by default.

if (process.argv.includes('--installed')) {
  const { useInstalledDriver } = await import('../../dist/engine/dawn-driver.node.js');
  useInstalledDriver();
}

const answer = await ask().catch((error) => ({ broken: error.message }));
console.log(JSON.stringify(answer));
process.exit(0);

async function ask() {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const flags = process.argv.includes('--experimental') ? ['enable-dawn-features=allow_unsafe_apis'] : [];
  const adapter = await create(flags).requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) return {};
  const { vendor, architecture, device, description } = adapter.info;
  // An adapter counts only when a device can be had from it.
  (await adapter.requestDevice()).destroy();
  const name = description || [vendor, architecture, device].filter(Boolean).join(' ') || 'unknown';
  return { adapter: name, features: [...adapter.features] };
}
