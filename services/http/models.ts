/** `GET /v1/models`: what may stand in the field `model`. */
import type { FastifyInstance } from 'fastify';
import { AppError } from '../../models/core/app-error.ts';
import type { EngineFacts } from '../app/bytefuse.ts';
import { modelListSchema, modelSchema } from './schemas.ts';
import type { ServiceContext } from './service-context.ts';

/** The name that clients of other services have built in; it means whatever speech recognizer runs here. */
export const MODEL_ALIAS = 'whisper-1';

export interface ModelEntry {
  readonly id: string;
  readonly object: 'model';
  readonly created: number;
  readonly owned_by: string;
  readonly kind: 'speech' | 'page';
  /** The model that an alias stands for. */
  readonly root: string;
}

export function modelRoutes(app: FastifyInstance, { engine }: ServiceContext): void {
  app.get('/v1/models', {
    config: { scope: 'any' },
    schema: modelListSchema,
    handler: () => ({ object: 'list', data: modelEntries(engine.facts) }),
  });
  app.get<{ Params: { id: string } }>('/v1/models/:id', {
    config: { scope: 'any' },
    schema: modelSchema,
    handler: ({ params }) => {
      const found = modelEntries(engine.facts).find(({ id }) => id === params.id);
      if (found === undefined) throw unknownModel(params.id);
      return found;
    },
  });
}

export function modelEntries(facts: EngineFacts | null): ModelEntry[] {
  const entry = (id: string, kind: ModelEntry['kind'], root = id): ModelEntry => {
    return { id, object: 'model', created: 0, owned_by: 'bytefuse', kind, root };
  };
  const { recognizer, pages } = facts ?? { recognizer: null, pages: null };
  return [
    ...(recognizer === null ? [] : [entry(recognizer, 'speech'), entry(MODEL_ALIAS, 'speech', recognizer)]),
    ...(pages === null ? [] : [entry(pages, 'page')]),
  ];
}

/** Throws model_unknown for a name that is not served here; undefined takes the service's own. */
export function checkModel(wanted: string | undefined, served: string | null | undefined, alias?: string): void {
  if (wanted === undefined || wanted === served || wanted === alias) return;
  throw unknownModel(wanted);
}

function unknownModel(name: string): AppError {
  const shown = JSON.stringify(name.slice(0, 60));
  return new AppError('model_unknown', `The model ${shown} is not served here; GET /v1/models lists those that are.`, {
    param: 'model',
  });
}
