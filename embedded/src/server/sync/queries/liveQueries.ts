import type { Database } from "../../../database/database.js";
import { Gathering } from "./gathering.js";
import type { QueryRunServices } from "./queryRun.js";
import { Rounds } from "./rounds.js";
import { SharedQueries } from "./sharedQueries.js";
import { Subscriptions } from "./subscriptions.js";
import { Turns } from "./turns.js";

/** The parts that the live queries of all clients have in common. */
export interface LiveQueries {
  readonly shared: SharedQueries;
  readonly rounds: Rounds;
  readonly turns: Turns;
  readonly gathering: Gathering;
  /** To be called when no client is left. */
  close(): void;
}

export function createLiveQueries(
  services: QueryRunServices & { readonly database: Database },
): LiveQueries {
  const { database, runtime } = services;
  const subscriptions = new Subscriptions(database);
  const turns = new Turns();
  const shared = new SharedQueries(services, subscriptions, () =>
    rounds.wake(),
  );
  const rounds = new Rounds({
    ...{ runtime, subscriptions, turns },
    tellWatchers: () => shared.tellWatchers(),
  });
  return {
    ...{ shared, rounds, turns },
    gathering: new Gathering(),
    close: () => {
      rounds.close();
      turns.close();
      shared.close();
      subscriptions.close();
    },
  };
}
