/** Who may open a WebSocket: the same keys, budgets and header checks as for requests. */

import { authorize, checkHost, checkOrigin } from '../http/security.ts';
import type { ServiceContext } from '../http/service-context.ts';
import type { Gate } from '../ws/gate.ts';

export function socketGate(context: ServiceContext): Gate {
  const { config, keys, room } = context;
  return {
    wantsKey: keys !== null,
    checkHeaders: (headers) => {
      checkHost(headers.host, config);
      checkOrigin(headers, config);
    },
    admit: async (presented, scope) => {
      room.refuseWhileDraining();
      const caller = await authorize(presented === null ? {} : { 'x-api-key': presented }, keys, scope);
      context.spend({ caller }, 'requestsPerMinute', 1);
      return {
        owner: caller.owner,
        spendAudio: (seconds) => context.spend({ caller }, 'audioSecondsPerHour', seconds),
      };
    },
  };
}
