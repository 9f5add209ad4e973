import { componentsGeneric } from "convex/server";
import type { ComponentApi } from "../../../../convex/sessionTracker/_generated/component.js";

/** The component as the app has mounted it; codegen would make this. */
export const { sessionTracker } = componentsGeneric() as unknown as {
  sessionTracker: ComponentApi<"sessionTracker">;
};
