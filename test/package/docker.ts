/** The Dockerfile of the package, by what it says and by its steps; install.test.ts has the packages that it needs. */
import { execFileSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { expect, onTestFinished, test } from "vitest";
import { stablePort } from "../../embedded/test/support/ports.js";
import { PlainImage, Recipe } from "./plainImage.js";

interface Packed {
  /** The folder with the tarballs, and room for more. */
  folder: string;
  tarballs: { ours: string; embedded: string };
  /** Where `sessions-ops` is installed. */
  installed: string;
}

export function testsOfDocker(packed: () => Packed): void {
  test("the Dockerfile in the package builds from the context alone, and runs as nobody special", () => {
    const { installed } = packed();
    const recipe = new Recipe(join(installed, "docker/Dockerfile"));
    expect(recipe.textOf("FROM")).toBe("node:${NODE}-slim");
    expect(recipe.textOf("ARG")).toBe("NODE=22");
    const copied = recipe.steps.filter(({ keyword }) => keyword === "COPY");
    expect(copied.map(({ text }) => text)).toEqual([
      "package.json package-lock.json *.tgz ./",
      ". .",
    ]);
    const keywords = recipe.steps.map(({ keyword }) => keyword);
    expect(keywords).not.toContain("ADD");
    expect(recipe.textOf("USER")).toBe("node");
    // What is installed, and what runs, is so by that user.
    expect(keywords.indexOf("USER")).toBeLessThan(keywords.indexOf("COPY"));

    const [program, command, ...options] = recipe.programOf("ENTRYPOINT");
    const { bin } = JSON.parse(
      readFileSync(join(installed, "package.json"), "utf8"),
    ) as { bin: Record<string, string> };
    expect(program).toBe(`node_modules/.bin/${Object.keys(bin)[0]}`);
    expect(command).toBe("serve");
    const valueOf = (name: string) => options[options.indexOf(name) + 1];
    expect(recipe.textOf("VOLUME")).toBe(valueOf("--data"));
    expect(recipe.textOf("EXPOSE").split(" ")).toEqual([
      valueOf("--port"),
      valueOf("--site-port"),
    ]);
  });

  test(
    "the Dockerfile's steps make a deployment that is healthy, ends at SIGTERM and keeps its data",
    { timeout: 240_000 },
    async () => {
      const { folder, installed } = packed();
      const context = join(folder, "context");
      writeContext(context, packed());
      const [port, sitePort] = [await stablePort(), await stablePort()];
      const image = new PlainImage(
        new Recipe(join(installed, "docker/Dockerfile")),
        join(folder, "image"),
        { 3210: port, 3211: sitePort },
      );
      image.build(context);
      expect(existsSync(image.inside("/app/convex/sessions.ts"))).toBe(true);
      for (const secret of [".env.local", ".sessions-ops"]) {
        expect(existsSync(image.inside(`/app/${secret}`)), secret).toBe(false);
      }

      const key = "embedded|0123456789abcdef0123456789abcdef";
      const secrets = join(folder, "secrets");
      mkdirSync(secrets);
      writeFileSync(join(secrets, "key"), `${key}\n`);
      writeFileSync(join(secrets, "variables"), "GREETING=hello\n");
      const client = new ConvexHttpClient(`http://127.0.0.1:${port}`, {
        logger: false,
      });
      const track = makeFunctionReference<"mutation">("sessions:trackSession");
      const visitor = { anonymousId: "user123" };

      const first = image.start(
        ...["--admin-key-file", join(secrets, "key")],
        ...["--env-from", join(secrets, "variables")],
      );
      const said = await healthy(image, first);
      expect(said()).not.toContain(key);
      const keyFile = image.inside("/data/admin-key");
      expect(readFileSync(keyFile, "utf8").trim()).toBe(key);
      expect(await client.mutation(track, visitor)).toMatchObject({
        state: "created",
      });
      const greeted = await fetch(`http://127.0.0.1:${sitePort}/greeting`);
      expect(await greeted.text()).toBe("hello");
      expect(await ended(first, "SIGTERM")).toEqual([0, null]);
      expect(await image.isHealthy()).toBe(false);

      // A container that is killed is started again with the same key and data.
      const second = image.start();
      await healthy(image, second);
      expect(readFileSync(keyFile, "utf8").trim()).toBe(key);
      await ended(second, "SIGKILL");
      const third = image.start();
      await healthy(image, third);
      expect(await client.mutation(track, visitor)).toMatchObject({
        ok: true,
        state: expect.stringMatching(/touched|unchanged/) as string,
      });
      expect(await ended(third, "SIGTERM")).toEqual([0, null]);
    },
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The folder of an app, as somebody has it who builds an image of it. */
function writeContext(context: string, { folder, tarballs }: Packed): void {
  const files = {
    "convex/convex.config.ts": `
      import { defineApp } from "convex/server";
      import sessionTracker from "sessions-ops/convex.config";
      const app = defineApp();
      app.use(sessionTracker);
      export default app;
    `,
    "convex/sessions.ts": `
      import { exposeSessions } from "sessions-ops";
      import { components } from "./_generated/api.js";
      export const { trackSession } = exposeSessions(components.sessionTracker);
    `,
    "convex/http.ts": `
      import { httpRouter } from "convex/server";
      import { httpAction } from "./_generated/server.js";
      const http = httpRouter();
      const handler = httpAction(async () => new Response(process.env["GREETING"]));
      http.route({ path: "/greeting", method: "GET", handler });
      export default http;
    `,
    "package.json": JSON.stringify({
      name: "app",
      type: "module",
      dependencies: {
        convex: "1.48.0",
        "sessions-ops": `file:${tarballs.ours}`,
      },
      devDependencies: {
        "@sessions-ops/embedded": `file:${tarballs.embedded}`,
      },
    }),
    // What is not to get into an image.
    ".env.local": "CONVEX_DEPLOYMENT=dev:tall-forest-1234\n",
    ".sessions-ops/data/admin-key": "secret\n",
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(context, name, ".."), { recursive: true });
    writeFileSync(join(context, name), text);
  }
  for (const name of Object.values(tarballs)) {
    copyFileSync(join(folder, name), join(context, name));
  }
  const lock = ["install", "--package-lock-only", "--prefer-offline"];
  execFileSync("npm", lock, { cwd: context, stdio: "ignore" });
}

/** Waits until the container's check passes. @returns what the process has said by then */
async function healthy(
  image: PlainImage,
  child: ChildProcess,
): Promise<() => string> {
  let said = "";
  const hear = (chunk: Buffer) => (said += chunk.toString());
  child.stdout?.on("data", hear);
  child.stderr?.on("data", hear);
  onTestFinished(() => void child.kill("SIGKILL"));
  while (!(await image.isHealthy())) {
    if (child.exitCode !== null) throw new Error(`It ended: ${said}`);
  }
  return () => said;
}

async function ended(
  child: ChildProcess,
  signal: NodeJS.Signals,
): Promise<unknown[]> {
  const exit = once(child, "exit") as Promise<unknown[]>;
  child.kill(signal);
  return await exit;
}
