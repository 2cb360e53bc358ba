/** The executable: start.mjs and bytefuse.mjs load it. */
import { runProgram } from './program.ts';

process.exitCode = await runProgram(process.argv.slice(2));
