/** Sets environment variables of a deployment, as `npx convex env set` does. */
export async function setEnvironment(
  deployment: { url: string; adminKey: string },
  variables: Record<string, string>,
): Promise<void> {
  const changes = Object.entries(variables).map(([name, value]) => ({
    name,
    value,
  }));
  const response = await fetch(
    `${deployment.url}/api/update_environment_variables`,
    {
      method: "POST",
      headers: {
        Authorization: `Convex ${deployment.adminKey}`,
        "Content-Type": "application/json",
      },
      body: JSON.stringify({ changes }),
    },
  );
  if (response.ok) return;
  throw new Error(
    `${Object.keys(variables).join(", ")} could not be set: ${await response.text()}`,
  );
}
