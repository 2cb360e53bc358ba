/**
 * `npm start -- ...`: sets the clone up where needed, then runs the command line in this very process, so that signals
 * and exit codes are its own. Without a command it serves.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, setupOrExit } from './setup.mjs';

await setupOrExit();
// npm changes to the project's folder and leaves the caller's in INIT_CWD; paths on the command line mean the latter.
const caller = process.env['INIT_CWD'];
if (process.env['npm_lifecycle_event'] && caller && process.cwd() === ROOT) process.chdir(caller);
// `npm start` alone serves; options without a command are those of serve.
const [first] = process.argv.slice(2);
const askedForText = ['-h', '--help', '-V', '--version'].includes(first);
if (process.env['npm_lifecycle_event'] === 'start' && !askedForText && (first === undefined || first.startsWith('-'))) {
  process.argv.splice(2, 0, 'serve');
}
await import(pathToFileURL(join(ROOT, 'dist', 'services', 'cli', 'main.js')).href);
