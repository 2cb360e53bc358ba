/**
 * A program as users of the official client write it: nothing in it is of this project. Where the service is, and whose
 * certificates count, it takes from the environment (OPENAI_BASE_URL, OPENAI_API_KEY, NODE_EXTRA_CA_CERTS). Arguments: a recording, and
 * raw PCM16 at 24 kHz that ends in silence. Prints what it was answered as JSON.
 */
import { createReadStream, readFileSync } from 'node:fs';
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';

const [recording, pcm] = process.argv.slice(2) as [string, string];
const client = new OpenAI();
const model = 'whisper-1';

const { text } = await client.audio.transcriptions.create({ file: createReadStream(recording), model });

let streamed = '';
const stream = await client.audio.transcriptions.create({ file: createReadStream(recording), model, stream: true });
for await (const event of stream) if (event.type === 'transcript.text.delta') streamed += event.delta;

const realtime = new OpenAIRealtimeWS({ model }, client);
const spoken = await new Promise<string>((resolve, reject) => {
  realtime.on('error', reject);
  realtime.on('session.created', () => {
    realtime.send({ type: 'input_audio_buffer.append', audio: readFileSync(pcm).toString('base64') });
  });
  realtime.on('conversation.item.input_audio_transcription.completed', ({ transcript }) => resolve(transcript));
});
realtime.close();

process.stdout.write(JSON.stringify({ text, streamed, spoken, url: realtime.url.href }));
