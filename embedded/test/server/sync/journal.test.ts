import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TestDeployment } from "../../support/deployment.js";
import { SyncClient } from "../../support/syncClient.js";
import { insert, openRows, remove } from "./rowsApp.js";

interface Page {
  readonly numbers: number[];
  readonly journal: string | null;
}

let deployment: TestDeployment;
const clients: SyncClient[] = [];

beforeEach(async () => {
  deployment = await openRows([20, 40, 60]);
});

afterEach(async () => {
  drop();
  await deployment.remove();
});

describe("a page read again with its journal", () => {
  test("ends where it ended before, whatever was inserted meanwhile", async () => {
    const { numbers, journal } = await firstTwo();
    expect(numbers).toEqual([20, 40]);
    drop();
    await insert(deployment, 10, 30, 50);
    expect(await firstTwo(journal)).toEqual({
      numbers: [10, 20, 30, 40],
      journal,
    });
    // Without the journal, the page is as long as a new one.
    expect((await firstTwo()).numbers).toEqual([10, 20]);
  });

  test("ends there after a restart too, and when its last row was deleted", async () => {
    const { journal } = await firstTwo();
    drop();
    await remove(deployment, 40);
    const { dataDir } = deployment;
    await deployment.close();
    deployment = await TestDeployment.open({ dataDir });
    expect(await firstTwo(journal)).toEqual({ numbers: [20], journal });
  });

  test("is refused if the journal is another query's, as a cursor would be", async () => {
    const { journal } = await firstTwo();
    const client = await connect();
    const paginationOpts = { cursor: null, numItems: 2 };
    client.watch("rows:page", { paginationOpts, above: 5 }, { journal });
    expect(await client.next("Transition")).toMatchObject({
      modifications: [
        {
          type: "QueryFailed",
          errorData: { paginationError: "InvalidCursor" },
        },
      ],
    });
  });
});

/** Reads the first page over a connection of its own, as after a reconnect. */
async function firstTwo(journal: string | null = null): Promise<Page> {
  const client = await connect();
  const paginationOpts = { cursor: null, numItems: 2 };
  client.watch("rows:page", { paginationOpts }, { journal });
  const { modifications } = await client.next("Transition");
  const [update] = modifications;
  if (update?.type !== "QueryUpdated") {
    throw new Error(`No page came: ${JSON.stringify(update)}`);
  }
  const { page } = update.value as { page: { n: number }[] };
  return { numbers: page.map(({ n }) => n), journal: update.journal };
}

async function connect(): Promise<SyncClient> {
  const client = await SyncClient.connect(deployment.url);
  clients.push(client);
  return client;
}

function drop(): void {
  for (const client of clients.splice(0)) client.drop();
}
