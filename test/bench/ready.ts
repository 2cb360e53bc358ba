/** Child of the speech bench: opens the product, says when it was ready, transcribes one clip, prints one JSON line. */
import { resourceUsage } from 'node:process';
import { openBytefuse } from '../../services/app/bytefuse.ts';

const [path = '', language = 'auto'] = process.argv.slice(2);
const bytefuse = await openBytefuse();
// performance.now() counts from the start of the process.
const readyMs = performance.now();
const { text } = await bytefuse.transcribe(path, { language });
const firstTextMs = performance.now();
const rssBytes = process.memoryUsage.rss();
await bytefuse.close();
process.stdout.write(
  `${JSON.stringify({ readyMs, firstTextMs, rssBytes, rssPeakBytes: resourceUsage().maxRSS * 1024, text })}\n`,
);
