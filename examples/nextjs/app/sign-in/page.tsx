"use client";
import { useAuthActions } from "@convex-dev/auth/react";
import { useRouter } from "next/navigation";
import { useState, type FormEvent } from "react";

export default function SignIn() {
  const { signIn } = useAuthActions();
  const router = useRouter();
  const [isNew, setIsNew] = useState(false);
  const [isRefused, setIsRefused] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    form.set("flow", isNew ? "signUp" : "signIn");
    try {
      await signIn("password", form);
      router.push("/account");
    } catch {
      // What the deployment says of it is for developers, and tells strangers nothing.
      setIsRefused(true);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <label>
        E-mail <input name="email" type="email" autoComplete="email" required />
      </label>
      <label>
        Password{" "}
        <input name="password" type="password" minLength={8} required />
      </label>
      <label>
        <input
          type="checkbox"
          checked={isNew}
          onChange={(event) => setIsNew(event.target.checked)}
        />{" "}
        I have no account yet
      </label>
      <button>{isNew ? "Sign up" : "Sign in"}</button>
      {isRefused && <p role="alert">That did not work.</p>}
    </form>
  );
}
