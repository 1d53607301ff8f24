/**
 * Arguments in which an option whose value may be left out has one: `--rerank RUN` becomes `--rerank= RUN`, and
 * `--rerank 20,6,0.3` becomes `--rerank=20,6,0.3`.
 *
 * @param options what a value of each such option looks like
 */
export function withOptionalValues(args: readonly string[], options: Readonly<Record<string, RegExp>>): string[] {
  const out: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === '--') return [...out, ...args.slice(i)];
    const pattern = arg.startsWith('--') ? options[arg.slice(2)] : undefined;
    if (!pattern) out.push(arg);
    else if (i + 1 < args.length && pattern.test(args[i + 1]!)) out.push(`${arg}=${args[++i]}`);
    else out.push(`${arg}=`);
  }
  return out;
}
