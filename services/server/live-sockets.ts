/** The WebSocket addresses of the service, over the same engine, keys and checks as its requests. */
import type { FastifyInstance } from 'fastify';
import { AppError } from '../../models/core/app-error.ts';
import { checkModel, MODEL_ALIAS } from '../http/models.ts';
import type { ServiceContext } from '../http/service-context.ts';
import { attachWebSockets } from '../ws/web-sockets.ts';
import { requireModality } from './engine-door.ts';
import { socketGate } from './socket-gate.ts';

/** Attaches them to the app's server; they end before it does. */
export function liveSockets(app: FastifyInstance, context: ServiceContext): void {
  const { engine, clock } = context;
  const served = () => engine.facts?.recognizer ?? null;
  const sockets = attachWebSockets(app.server, {
    source: {
      listen: (audio, request, call) => {
        const bytefuse = engine.open();
        requireModality(engine.facts, 'speech');
        return bytefuse.listen(audio, request, call);
      },
    },
    facts: () => {
      const { facts } = engine;
      return { recognizer: facts?.recognizer ?? '', llm: facts?.llm ?? null, device: facts?.device ?? '' };
    },
    gate: socketGate(context),
    rules: {
      get defaultModel() {
        return served() ?? MODEL_ALIAS;
      },
      checkModel: (name) => {
        checkModel(name, served(), MODEL_ALIAS);
        return served() ?? name;
      },
      get hasLogprobs() {
        return engine.pieces !== null;
      },
    },
    pieces: () => engine.pieces,
    fuse: (channel, openers) => {
      const add = engine.open().addFuser;
      if (add === undefined)
        throw new AppError('unsupported_parameter', 'This service takes no recognizers from elsewhere.');
      add(channel, openers);
    },
    clock,
  });
  app.addHook('preClose', () => sockets.close());
}
