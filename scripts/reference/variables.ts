/** The environment variables that the CLI reads, and what each does, as `docs/cli.md` has them. */
export const VARIABLES: Record<string, string> = {
  SESSIONS_OPS_DEPLOYMENT:
    "The deployment, by the name that `deployments add` gave it. Counts in the environment only, never in a file, and goes before all below.",
  SESSIONS_OPS_COMPONENT:
    "Where the component is mounted, as `--component`. Default: `sessionTracker`.",
  SESSIONS_OPS_PRODUCTION:
    "`yes` or `no`: whether a self-hosted deployment is in production. Without it those on this machine are not, and all others are.",
  CONVEX_DEPLOY_KEY:
    "A deploy key of Convex Cloud, as the official CLI takes it.",
  CONVEX_DEPLOYMENT_TOKEN: "Another name of `CONVEX_DEPLOY_KEY`.",
  CONVEX_URL:
    "The URL that belongs to a deploy key that stands beside it; else Convex is asked for it.",
  CONVEX_SELF_HOSTED_URL:
    "The URL of a self-hosted deployment, with `CONVEX_SELF_HOSTED_ADMIN_KEY`.",
  CONVEX_SELF_HOSTED_ADMIN_KEY: "Its admin key.",
  CONVEX_DEPLOYMENT:
    "What `npx convex dev` writes. It names no key, so the CLI says which it needs.",
  CONVEX_PROVISION_HOST:
    "Where Convex is asked for the URL of a deploy key, as by the official CLI.",
  NO_COLOR: "Where it is set to anything, no colours are printed.",
  TZ: "The time zone in which times are shown to people, such as `Europe/Berlin`. Default: the machine's.",
  XDG_CONFIG_HOME:
    "`deployments` keeps its file there, as `$XDG_CONFIG_HOME/sessions-ops/deployments.json`. Default: `~/.config`.",
  XDG_STATE_HOME:
    "It is kept there which keys were sent to which deployments, as hashes, in `$XDG_STATE_HOME/sessions-ops/known-targets`. Default: `~/.local/state`.",
  SSH_CONNECTION:
    "Set by SSH: `dashboard` then prints its link and opens no browser.",
};
