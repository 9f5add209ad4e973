import type { JSONValue, ValidatorJSON } from "convex/values";
import { describeMismatch } from "../../database/values/validators.js";
import { badRequest } from "../http/http.js";
import type {
  ChildComponent,
  ComponentDefinitionMetadata,
  EnvVarDeclaration,
} from "./definitions.js";

/** Parts of a pushed definition that tell whether its components can be mounted as it says. */
interface MountingDefinition {
  readonly metadata: ComponentDefinitionMetadata;
  readonly analysis: ReadonlyMap<
    string,
    {
      readonly httpRoutes:
        readonly { readonly route: { readonly path: string } }[] | null;
    }
  >;
}

/**
 * Refuses `use()`s that Convex refuses: variables that the component does not declare, needs or
 * takes, and path prefixes at which nobody would answer, or somebody does already.
 * @param forCodegen whether the app stands in for one that is to use a component, and so binds none
 *   of its variables
 */
export function checkMounts(
  definitions: ReadonlyMap<string, MountingDefinition>,
  forCodegen: boolean,
): void {
  for (const definition of definitions.values()) {
    const parent = declarationsOf(definition.metadata);
    for (const child of definition.metadata.childComponents) {
      const declared = declarationsOf(definitions.get(child.path)!.metadata);
      for (const binding of child.env ?? []) {
        checkBinding(child, binding, declared, parent);
      }
      if (!forCodegen) checkRequired(child, declared);
    }
    for (const [prefix, reference] of Object.entries(
      definition.metadata.httpMounts,
    )) {
      checkHttpMount(definitions, definition, prefix, reference);
    }
  }
}

type Declarations = ReadonlyMap<string, EnvVarDeclaration>;

function declarationsOf({
  envVars,
}: ComponentDefinitionMetadata): Declarations {
  return new Map(envVars ?? []);
}

function checkBinding(
  child: ChildComponent,
  [name, binding]: NonNullable<ChildComponent["env"]>[number],
  declared: Declarations,
  parent: Declarations,
): void {
  const own = declared.get(name);
  if (own === undefined) {
    throw refused(`Component "${child.name}" has no env var named "${name}"`);
  }
  const which = `Component "${child.name}" env var "${name}"`;
  if (binding.type === "value") {
    const validator = JSON.parse(own.value) as ValidatorJSON;
    const value: JSONValue = binding.value;
    const mismatch = describeMismatch(validator, value, () => undefined);
    if (mismatch === null) return;
    throw refused(
      `Component "${child.name}" has an invalid value for env var "${name}": ${mismatch}`,
    );
  }
  const ofParent = parent.get(binding.name);
  if (ofParent === undefined) {
    throw refused(
      `${which} references undeclared parent env var ${binding.name}`,
    );
  }
  if (ofParent.optional === true && own.optional !== true) {
    throw refused(
      `${which} is required, but parent env var ${binding.name} is optional`,
    );
  }
}

function checkRequired(child: ChildComponent, declared: Declarations): void {
  const bound = new Set((child.env ?? []).map(([name]) => name));
  for (const [name, { optional }] of declared) {
    if (optional === true || bound.has(name)) continue;
    throw refused(
      `Component "${child.name}" is missing required env var "${name}"`,
    );
  }
}

function checkHttpMount(
  definitions: ReadonlyMap<string, MountingDefinition>,
  parent: MountingDefinition,
  prefix: string,
  reference: string,
): void {
  const name = reference.replace("_reference/childComponent/", "");
  const invalid = (problem: string) =>
    refused(`HTTP mount "${prefix}" is invalid: ${problem}`);
  if (!/^\/([^*?]*\/)?$/.test(prefix)) {
    throw invalid('It must begin and end with "/"');
  }
  const child = parent.metadata.childComponents.find(
    (candidate) => candidate.name === name,
  );
  if (child === undefined) {
    throw invalid(`Child component "${name}" not found.`);
  }
  if (!answersHttp(definitions.get(child.path)!)) {
    throw invalid(`Child component "${name}" doesn't have any HTTP routes.`);
  }
  const overlaps = routesOf(parent).some(
    ({ route: { path } }) =>
      path === `${prefix}*` || (path === "*" && prefix === "/"),
  );
  if (overlaps) throw invalid("Overlap with existing prefix route");
}

function answersHttp(definition: MountingDefinition): boolean {
  return (
    routesOf(definition).length > 0 ||
    Object.keys(definition.metadata.httpMounts).length > 0
  );
}

function routesOf({ analysis }: MountingDefinition) {
  return analysis.get("http.js")?.httpRoutes ?? [];
}

function refused(problem: string) {
  return badRequest("TypecheckError", problem);
}
