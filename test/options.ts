/** The command line of the test runners. */
export interface Options {
  /** Run only the files whose path matches. */
  readonly only: RegExp;
  /** Files at a time. */
  readonly jobs: number;
  /** Milliseconds for one file. */
  readonly limit: number;
}

/** Reads the command line; prints `help` or an error and ends where it has to. */
export function readOptions(help: string, args: readonly string[] = process.argv.slice(2)): Options {
  const value = { only: '', jobs: '2', limit: '600' };
  const stop = (text: string, code: number): never => {
    (code ? console.error : console.log)(text);
    process.exit(code);
  };
  for (let i = 0; i < args.length; i++) {
    const [name, inline] = args[i]!.split(/=(.*)/s);
    if (name === '--help') stop(help, 0);
    const key = name!.replace(/^--/, '') as keyof typeof value;
    if (!name!.startsWith('--') || !(key in value)) stop(`Unknown option "${args[i]}".\n\n${help}`, 2);
    value[key] = inline ?? args[++i] ?? stop(`${name} needs a value.\n\n${help}`, 2);
  }
  for (const key of ['jobs', 'limit'] as const) {
    if (!(Number(value[key]) > 0)) stop(`--${key} needs a number above 0, not "${value[key]}".`, 2);
  }
  try {
    return { only: new RegExp(value.only), jobs: Math.ceil(Number(value.jobs)), limit: Number(value.limit) * 1000 };
  } catch (error) {
    return stop(`--only is no regular expression: ${(error as Error).message}`, 2);
  }
}
