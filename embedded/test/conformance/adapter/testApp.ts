import {
  actionGeneric,
  anyApi,
  componentsGeneric,
  filterApi,
  internalActionGeneric,
  internalMutationGeneric,
  internalQueryGeneric,
  mutationGeneric,
  queryGeneric,
} from "convex/server";
import type {
  convexTest as ConvexTest,
  defineTestApp as originalDefineTestApp,
} from "convex-test";

type App = Parameters<typeof originalDefineTestApp>[0];
type CreateOptions = Pick<
  Exclude<NonNullable<Parameters<typeof ConvexTest>[0]>, { tables: unknown }>,
  "transactionLimits"
>;

/** `defineTestApp` of the `convex-test` package, with tests that `convexTest` makes. */
export function testAppsOf(
  convexTest: typeof ConvexTest,
): typeof originalDefineTestApp {
  const defineTestApp = ({ schema, components = {} }: App) => ({
    components: componentsGeneric(),
    query: queryGeneric,
    internalQuery: internalQueryGeneric,
    mutation: mutationGeneric,
    internalMutation: internalMutationGeneric,
    action: actionGeneric,
    internalAction: internalActionGeneric,
    defineModules: (modules: Record<string, object>) => ({
      api: filterApi(anyApi),
      internal: filterApi(anyApi),
      createTest: (options: CreateOptions = {}) => {
        const t = convexTest({ ...options, schema, modules: globOf(modules) });
        for (const [name, { register }] of Object.entries(components)) {
          register(t, name);
        }
        return t;
      },
    }),
  });
  return defineTestApp as unknown as typeof originalDefineTestApp;
}

/** As `import.meta.glob` has the modules of an app, whose generated folder tells where paths begin. */
function globOf(modules: Record<string, object>) {
  const files = Object.entries({ "_generated/api": {}, ...modules });
  return Object.fromEntries(
    files.map(([path, exports]) => [
      `./${path}.ts`,
      () => Promise.resolve(exports),
    ]),
  );
}
