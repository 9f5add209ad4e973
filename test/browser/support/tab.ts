import type { Locator, Page, WebSocket } from "playwright-core";
import type { SessionStatus } from "../../../react/index.js";

/**
 * The time within which pings come: a deployment pings each socket that it has told nothing for 15 s;
 * it looks every 5 s.
 */
const PING_MS = 20_000;

/** The delay of an answer, in the machine's time. */
const LATENCY_MS = 300;

/** A page of a browser, and what the example shows on it. */
export class Tab {
  readonly page: Page;
  /** Whether the deployment's pings reach the tab: not where it is offline. */
  isReached = true;
  readonly #sockets = new Set<WebSocket>();

  constructor(page: Page) {
    this.page = page;
    page.on("websocket", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    page.on("framenavigated", (frame) => {
      // The sockets of a page in the back/forward cache are not heard of again.
      if (frame === page.mainFrame()) this.#sockets.clear();
    });
  }

  /** Resolves when the page's sockets have received something, if within this time they will. */
  async hears(withinMs: number): Promise<void> {
    if (!this.isReached || withinMs < PING_MS) return;
    await Promise.all(
      [...this.#sockets].map((socket) =>
        Promise.race(
          (["framereceived", "close", "socketerror"] as const).map(
            (event) =>
              new Promise<void>((resolve) => {
                const heard = (): void => resolve();
                // The types of the emitters differ by their events, which do not matter here.
                (socket as Emitter).once(event, heard);
              }),
          ),
        ),
      ),
    );
  }

  /** Resolves when no tab of the browser has a turn of the tracker's under way. */
  async settle(): Promise<void> {
    await this.page.evaluate(async () => {
      // On plain http there are no locks, and where storage is blocked they are refused.
      const { locks } = navigator as { locks?: LockManager };
      for (;;) {
        const state = await locks?.query().catch(() => undefined);
        const taken = [...(state?.held ?? []), ...(state?.pending ?? [])];
        if (taken.length === 0) return;
        // The request comes behind whoever holds the lock, and whoever waits for it.
        await locks?.request(`${taken[0]?.name}`, () => {});
      }
    });
  }

  /** Lets answers take a while from here on, as on a phone. */
  async slowDown(): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page);
    await session.send("Network.emulateNetworkConditions", {
      offline: false,
      latency: LATENCY_MS,
      downloadThroughput: -1,
      uploadThroughput: -1,
    });
  }

  /** Resolves when the page shows this of its session. */
  async shows(
    status: SessionStatus,
    options: { timeout?: number } = {},
  ): Promise<void> {
    await this.card("Your session")
      .locator(".pill", { hasText: status })
      .waitFor(options);
  }

  async anonymousId(): Promise<string> {
    const id = this.fact("Your id").locator("code");
    return (await id.textContent()) ?? "";
  }

  fact(name: string): Locator {
    return this.page.locator(`dt:text-is("${name}") + dd`);
  }

  card(title: string): Locator {
    return this.page.getByRole("region", { name: title, exact: true });
  }

  async click(button: string): Promise<void> {
    await this.page.getByRole("button", { name: button }).click();
  }

  visibility(): Promise<DocumentVisibilityState> {
    return this.page.evaluate(() => document.visibilityState);
  }

  /** Crashes the page's process. */
  async crash(): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page);
    const crashed = this.page.waitForEvent("crash");
    // There is nobody left to answer this command.
    session.send("Page.crash").catch(() => {});
    await crashed;
    await this.page.close();
  }

  /** Freezes the page, as a browser that suspends it. Returns how to go on. */
  async freeze(): Promise<() => Promise<void>> {
    const session = await this.page.context().newCDPSession(this.page);
    const set = async (state: "frozen" | "active"): Promise<void> => {
      await session.send("Page.setWebLifecycleState", { state });
    };
    await set("frozen");
    return () => set("active");
  }

  /** Closes the tab as its visitor does. @returns the questions that the browser asked before */
  async close(): Promise<string[]> {
    const asked: string[] = [];
    this.page.on("dialog", (dialog) => {
      asked.push(dialog.type());
      void dialog.accept();
    });
    const closed = this.page.waitForEvent("close");
    await this.page.close({ runBeforeUnload: true });
    await closed;
    return asked;
  }

  /** The items that the browser keeps for the page, by key. */
  stored(): Promise<Record<string, string>> {
    return this.page.evaluate(() => ({ ...localStorage }));
  }
}

interface Emitter {
  once(event: string, listener: () => void): void;
}
