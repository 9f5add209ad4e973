import "./dom.js";
import {
  ConvexProvider,
  ConvexReactClient,
  usePaginatedQuery,
} from "convex/react";
import {
  makeFunctionReference,
  type PaginationOptions,
  type PaginationResult,
} from "convex/server";
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { ClientMessage } from "../../../src/server/sync/messages.js";
import type { TestDeployment } from "../../support/deployment.js";
import { insert, openRows, remove } from "./rowsApp.js";

const ROWS = [10, 20, 30, 40, 50, 60, 70];

const pageOf = makeFunctionReference<
  "query",
  { paginationOpts: PaginationOptions },
  PaginationResult<{ n: number }>
>("rows:page");

let deployment: TestDeployment;
let list: List;

beforeEach(async () => {
  deployment = await openRows(ROWS);
  list = new List(deployment.url);
});

afterEach(async () => {
  await list.close();
  await deployment.remove();
});

describe("usePaginatedQuery", () => {
  test("loads pages until the last", async () => {
    await list.shows([10, 20, 30], "CanLoadMore");
    list.loadMore(3);
    await list.shows([10, 20, 30, 40, 50, 60], "CanLoadMore");
    list.loadMore(3);
    await list.shows(ROWS, "Exhausted");
  });

  test("shows inserts and deletes in a loaded page", async () => {
    await list.shows([10, 20, 30], "CanLoadMore");
    list.loadMore(2);
    await list.shows([10, 20, 30, 40, 50], "CanLoadMore");
    await insert(deployment, 25, 45);
    await list.shows([10, 20, 25, 30, 40, 45, 50], "CanLoadMore");
    await remove(deployment, 30);
    await list.shows([10, 20, 25, 40, 45, 50], "CanLoadMore");
  });

  test("shows no gap and no row twice after a reconnect", async () => {
    await list.shows([10, 20, 30], "CanLoadMore");
    list.loadMore(2);
    await list.shows([10, 20, 30, 40, 50], "CanLoadMore");
    const { journals } = list.disconnect();
    expect(journals).toEqual([null, null]);
    await insert(deployment, 5, 15, 45);
    await list.shows([5, 10, 15, 20, 30, 40, 45, 50], "CanLoadMore");
    expect(list.added.slice(2).map(({ journal }) => typeof journal)).toEqual([
      "string",
      "string",
    ]);
  });

  test("splits a page that has grown, and goes on in both halves", async () => {
    await list.shows([10, 20, 30], "CanLoadMore");
    const first = list.added.length;
    const numbers = [11, 12, 13, 14, 15, 16, 17];
    await insert(deployment, ...numbers);
    await list.shows([10, ...numbers, 20, 30], "CanLoadMore");
    await expect.poll(() => list.added.length).toBe(first + 2);
    const [head, tail] = list.added.slice(first);
    expect(head?.endCursor).toBe(tail?.cursor);
    await insert(deployment, 5, 25);
    await list.shows([5, 10, ...numbers, 20, 25, 30], "CanLoadMore");
    list.loadMore(10);
    await list.shows(
      [5, 10, ...numbers, 20, 25, 30, 40, 50, 60, 70],
      "Exhausted",
    );
  });
});

interface Added {
  readonly journal: string | null;
  readonly cursor: string | null;
  readonly endCursor: string | undefined;
}

/** A component that shows the rows by number, three at first. */
class List {
  /** Every query that was asked for over a socket. */
  readonly added: Added[] = [];
  readonly #client: ConvexReactClient;
  readonly #root = createRoot(document.createElement("div"));
  #socket: WebSocket | undefined;
  #shown: ReturnType<typeof usePaginatedQuery<typeof pageOf>> | undefined;

  constructor(url: string) {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- for the sockets that the client makes
    const list = this;
    class TrackedSocket extends WebSocket {
      constructor(address: string) {
        super(address);
        list.#socket = this;
      }
      override send(message: string): void {
        list.#note(JSON.parse(message) as ClientMessage);
        super.send(message);
      }
    }
    this.#client = new ConvexReactClient(url, {
      webSocketConstructor:
        TrackedSocket as unknown as typeof globalThis.WebSocket,
      logger: false,
      unsavedChangesWarning: false,
    });
    const Rows = () => {
      this.#shown = usePaginatedQuery(pageOf, {}, { initialNumItems: 3 });
      return null;
    };
    this.#root.render(
      createElement(ConvexProvider, {
        client: this.#client,
        children: createElement(Rows),
      }),
    );
  }

  async shows(numbers: readonly number[], status: string): Promise<void> {
    const shown = () => ({
      numbers: this.#shown?.results.map(({ n }) => n),
      status: this.#shown?.status,
    });
    await expect.poll(shown).toEqual({ numbers, status });
  }

  loadMore(count: number): void {
    this.#shown?.loadMore(count);
  }

  /**
   * Cuts the connection, which the client makes anew; returns the journals that were sent until
   * then.
   */
  disconnect(): { journals: (string | null)[] } {
    this.#socket?.terminate();
    return { journals: this.added.map(({ journal }) => journal) };
  }

  async close(): Promise<void> {
    this.#root.unmount();
    await this.#client.close();
  }

  #note(message: ClientMessage): void {
    if (message.type !== "ModifyQuerySet") return;
    for (const modification of message.modifications) {
      if (modification.type !== "Add") continue;
      const { journal = null, args } = modification;
      const [{ paginationOpts }] = args as unknown as [
        { paginationOpts: PaginationOptions & { endCursor?: string } },
      ];
      this.added.push({
        journal,
        cursor: paginationOpts.cursor,
        endCursor: paginationOpts.endCursor,
      });
    }
  }
}
