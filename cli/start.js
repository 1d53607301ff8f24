import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Runs the compiled command `name`, or says how to compile it. Plain JavaScript, so that it runs before anything is compiled. */
export async function start(name) {
  const command = new URL(`../dist/cli/${name}.js`, import.meta.url);
  if (existsSync(fileURLToPath(command))) {
    await import(command.href);
    return;
  }
  console.error(`"${name}" is not compiled yet. Run "npm run setup" first: it does all that is missing.`);
  process.exitCode = 1;
}
