import { MeasuredDeployment } from "./bench/deployment.js";
const d = await MeasuredDeployment.start();
await d.call("settings:change", { patch: { touchAfterMs: 0 }, actor: "bench" });
const run = async (ms: number, path: string, args: (i: number) => object) => {
  const s = performance.now();
  let n = 0;
  const cpu0 = process.cpuUsage();
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (performance.now() - s < ms) {
        n++;
        await d.post("/api/mutation", { path, args: [args(n)] });
      }
    }),
  );
  const c = process.cpuUsage(cpu0);
  console.log(
    path,
    (n / (performance.now() - s)) * 1000,
    "client cpu%",
    ((c.user + c.system) / 10 / (performance.now() - s)).toFixed(0),
  );
};
const a = (i: number) => ({ anonymousId: `visitor-${i % 1000}` });
await run(3000, "sessions:trackSession", a);
await run(4000, "sessions:trackSession", a);
await run(4000, "sessions:trackSession", a);
await d.stop();
