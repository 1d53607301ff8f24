/** The browser's twin of fixture.node.ts; test/browser/server.ts answers. */
export async function readFixture(name: string): Promise<Uint8Array> {
  const response = await fetch(`/test/fixtures/${name}`);
  if (!response.ok) throw new Error(`The fixture ${name} was answered with status ${response.status}.`);
  return new Uint8Array(await response.arrayBuffer());
}
