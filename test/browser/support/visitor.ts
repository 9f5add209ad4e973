import type { BrowserContext, Page } from "playwright-core";
import { inject, onTestFinished } from "vitest";
import { STEP_MS, type App } from "./app.js";
import { startChromium, type ChromiumOptions } from "./chromium.js";
import { Tab } from "./tab.js";
import { HOUR_MS } from "../../../convex/sessionTracker/shared/times.js";

/** The heartbeat interval that the example's page sets. */
export const INTERVAL_MS = 90_000;
/** The longest time between two heartbeats: they are up to a tenth later. */
export const LONGEST_MS = 99_000;

const SHARED_STEP_MS = 1_000;

const RECONNECT_TRIES = 20;
const RECONNECT_STEP_MS = 4_000;
/** The pause between two looks, in the machine's time. */
const RECONNECT_WAIT_MS = 1_000;

export interface VisitorOptions extends ChromiumOptions {
  /** Host of the pages. @default "127.0.0.1" */
  host?: string;
  /** Whether the clock of the pages is the machine's, which nobody drives. */
  hasOwnClock?: boolean;
}

/** A visitor with a browser: its tabs, whose clock the test drives together with the deployment's. */
export class Visitor {
  readonly context: BrowserContext;
  readonly origin: string;
  /** Warnings in the browser's console, and errors that pages threw. */
  readonly complaints: string[] = [];
  readonly #app: App;
  readonly #tabs = new Set<Tab>();

  private constructor(app: App, context: BrowserContext, host: string) {
    this.#app = app;
    this.context = context;
    this.origin = `http://${host}:${inject("pagePort")}`;
    context.on("console", (message) => {
      if (["warning", "error"].includes(message.type())) {
        this.complaints.push(message.text());
      }
    });
    context.on("weberror", (error) => {
      this.complaints.push(String(error.error()));
    });
  }

  /** Opens a visitor's browser, which is closed when the test is finished. */
  static async come(
    app: App,
    { host = "127.0.0.1", hasOwnClock, ...options }: VisitorOptions = {},
  ): Promise<Visitor> {
    const { context, close } = await startChromium(options);
    onTestFinished(close);
    await context.addInitScript((url) => {
      Object.assign(globalThis, { CONVEX_URL: url });
    }, app.url);
    if (hasOwnClock) return new Visitor(app, context, host);
    // The clock is installed some time before, since it runs until then and stops only at moments to
    // come.
    await context.clock.install({ time: app.clock.now() - HOUR_MS });
    await context.clock.pauseAt(app.clock.now());
    return new Visitor(app, context, host);
  }

  /** Opens a tab, in front of the others. */
  async open(path = "/"): Promise<Tab> {
    return await this.#load(await this.context.newPage(), path);
  }

  /** Opens a tab in a window of its own. */
  async openWindow(path = "/"): Promise<Tab> {
    const [tab] = await this.openWindows(1, path);
    return tab!;
  }

  /** Opens tabs in windows of their own, where none hides another, all at once. */
  async openWindows(count: number, path = "/"): Promise<Tab[]> {
    const browser = this.context.browser();
    if (browser === null) throw new Error("The browser is gone.");
    const session = await browser.newBrowserCDPSession();
    const pages: Page[] = [];
    for (let n = 0; n < count; n += 1) {
      const opened = this.context.waitForEvent("page");
      await session.send("Target.createTarget", {
        url: "about:blank",
        newWindow: true,
      });
      pages.push(await opened);
    }
    return await Promise.all(pages.map((page) => this.#load(page, path)));
  }

  /** Goes offline, or online again. */
  async goOffline(isOffline: boolean): Promise<void> {
    for (const tab of this.#tabs) tab.isReached = !isOffline;
    await this.context.setOffline(isOffline);
  }

  /**
   * Lets time pass for the deployment and all tabs, a step at a time: calls that fall due are answered
   * before time goes on.
   */
  async pass(ms: number): Promise<void> {
    // A request under way would time out: the page's clock is that of `AbortSignal.timeout`, too.
    await this.settle();
    for (let left = ms; left > 0; left -= STEP_MS) {
      const step = Math.min(left, STEP_MS);
      // Before the deployment's: whoever was there for so long that by its clock it cannot be yet, tells that
      // again later, while what a deployment that was ahead has not taken would be lost.
      await this.#run(step);
      const heard = [...this.#tabs].map((tab) => tab.hears(step));
      this.#app.clock.advance(step);
      await Promise.all(heard);
    }
  }

  /**
   * Lets so much time go by as on a machine that sleeps meanwhile: no timer runs until it is over.
   * @param isCounted whether the pages' own clock, `performance.now()`, goes on, as it does on Windows
   */
  async sleep(ms: number, isCounted: boolean): Promise<void> {
    await this.settle();
    const { clock } = this.context;
    this.#app.clock.advance(ms);
    if (isCounted) await clock.fastForward(ms);
    else await clock.setSystemTime(this.#app.clock.now());
  }

  /**
   * Lets time pass until the condition holds for a page whose client has to connect again: each of its
   * tries takes real time, and up to 16 s of the page's own lie between one that fails and the next.
   */
  async reconnects(
    isSo: (wait: { timeout: number }) => Promise<void>,
  ): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      await this.pass(RECONNECT_STEP_MS);
      try {
        return await isSo({ timeout: RECONNECT_WAIT_MS });
      } catch (error) {
        if (tries === RECONNECT_TRIES) throw error;
      }
    }
  }

  /** Resolves when no tab has anything under way. */
  async settle(): Promise<void> {
    await Promise.all([...this.#tabs].map((tab) => tab.settle()));
  }

  /**
   * Gives tabs that share a browser their time in steps that a page could see: their requests to the
   * browser take the machine's time, and with 30 s of theirs gone meanwhile no lock would seem to be
   * had.
   */
  async #run(ms: number): Promise<void> {
    const step = this.#tabs.size > 1 ? SHARED_STEP_MS : ms;
    for (let left = ms; left > 0; left -= step) {
      await this.context.clock.runFor(Math.min(left, step));
      await this.settle();
    }
  }

  async #load(page: Page, path: string): Promise<Tab> {
    const tab = new Tab(page);
    this.#tabs.add(tab);
    // A page that has crashed is closed, too.
    page.on("close", () => this.#tabs.delete(tab));
    page.on("crash", () => this.#tabs.delete(tab));
    await page.goto(this.origin + path);
    return tab;
  }
}
