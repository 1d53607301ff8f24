/** How Chromium is started for tests: SwiftShader always, so that they say the same on every machine. */
export const FLAGS = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--no-sandbox',
  '--disable-background-networking',
];
