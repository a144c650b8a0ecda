// The API through openapi-fetch and the types that openapi-typescript makes: CRUD, paging, sync, every refusal.
// Prints what it saw as JSON; tests/e2e/test_clients.py asserts on it.
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/schema.js";

type Task = components["schemas"]["Task"];
type Problem = components["schemas"]["Problem"];
type Refusal = Problem | components["schemas"]["GatewayError"];

const baseUrl = process.env["API_BASE"] ?? "";
const headers = { Authorization: `Bearer ${process.env["API_TOKEN"] ?? ""}` };
const api = createClient<paths>({ baseUrl, headers });
const seen: Record<string, unknown> = {};
const refusals: Record<string, number> = {};
const NO_TASK = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

function key(): { "Idempotency-Key": string } {
  return { "Idempotency-Key": crypto.randomUUID() };
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the API answered with a refusal");
  return value;
}

function refused(error: Refusal | undefined, response: Response): void {
  if (error === undefined) throw new Error(`expected a refusal, got ${response.status}`);
  const name = "message" in error ? `gateway: ${error.message}` : (error.type.split(":").at(-1) ?? "");
  refusals[name] = response.status;
}

async function create(title: string): Promise<Task> {
  const { data } = await api.POST("/api/v1/tasks", { params: { header: key() }, body: { title, due_date: "2026-12-01" } });
  return present(data);
}

async function crud(): Promise<void> {
  const task = await create("one");
  const path = { task_id: task.id };
  const changed = await api.PUT("/api/v1/tasks/{task_id}", { params: { path }, body: { status: "completed" } });
  const patched = await api.PATCH("/api/v1/tasks/{task_id}", { params: { path }, body: { due_date: null } });
  const read = await api.GET("/api/v1/tasks/{task_id}", { params: { path } });
  const removed = await api.DELETE("/api/v1/tasks/{task_id}", { params: { path } });
  const restored = await api.POST("/api/v1/tasks/{task_id}/restore", { params: { path, header: key() } });
  seen["crud"] = {
    created: task.version,
    changed: present(changed.data).status,
    patched: present(patched.data).due_date,
    read: present(read.data).title,
    removed: removed.response.status,
    restored: present(restored.data).version,
  };
  await api.DELETE("/api/v1/tasks/{task_id}", { params: { path } });
}

async function paging(): Promise<void> {
  const made = [];
  for (const title of ["a", "b", "c", "d", "e"]) made.push((await create(title)).id);
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? { limit: 2 } : { limit: 2, cursor };
    const { data, response } = await api.GET("/api/v1/tasks", { params: { query } });
    pages.push(present(data).map((task) => task.id));
    const link = response.headers.get("link")?.match(/<([^>]*)>; rel="next"/)?.[1];
    cursor = link === undefined ? undefined : (new URL(link, response.url).searchParams.get("cursor") ?? undefined);
  } while (cursor !== undefined);
  seen["pages"] = pages.map((page) => page.length);
  seen["listed_all"] = pages.flat().toSorted().join() === made.toSorted().join();
}

async function others(): Promise<void> {
  const health = await api.GET("/health", {});
  const profile = await api.GET("/api/v1/users", {});
  const batch = await api.POST("/api/v1/tasks/batch", {
    params: { header: key() },
    body: { operations: [{ op: "create", task: { title: "batched" } }] },
  });
  const changes = await api.GET("/api/v1/tasks/changes", {});
  seen["health"] = present(health.data).status;
  seen["name"] = present(profile.data).name;
  seen["batched"] = present(batch.data).results.map((result) => result.status);
  seen["deleted"] = present(changes.data).changes.filter((change) => "deleted" in change).length;
}

async function problems(): Promise<void> {
  const task = await create("refused");
  const path = { task_id: task.id };
  const once = key();
  await api.POST("/api/v1/tasks", { params: { header: once }, body: { title: "x" } });
  const all = [
    await api.GET("/api/v1/tasks", { params: { query: { cursor: "forged" } } }),
    await api.GET("/api/v1/tasks", { params: { query: { limit: 1000 } } }),
    await api.GET("/api/v1/tasks/{task_id}", { params: { path: { task_id: NO_TASK } } }),
    await api.GET("/api/v1/insights", {}),
    await api.POST("/api/v1/tasks", { params: { header: once }, body: { title: "y" } }),
    await api.POST("/api/v1/tasks", { params: { header: { "Idempotency-Key": "" } }, body: { title: "y" } }),
    await api.PUT("/api/v1/tasks/{task_id}", { params: { path, header: { "If-Match": '"99"' } }, body: { title: "z" } }),
    await api.PUT("/api/v1/tasks/{task_id}", { params: { path, header: { "If-Match": "99" } }, body: { title: "z" } }),
    await api.POST("/api/v1/tasks/batch", {
      params: { header: key() },
      body: { operations: [{ op: "delete", id: NO_TASK }] },
    }),
    await createClient<paths>({ baseUrl }).GET("/api/v1/tasks", {}),
    // what no typed client sends
    await api.POST("/api/v1/tasks", { params: { header: key() }, body: { title: "x" }, bodySerializer: () => "{" }),
    await api.POST("/api/v1/tasks", {
      params: { header: key() },
      body: { title: "x" },
      headers: { "Content-Type": "text/plain" },
    }),
    await api.POST("/api/v1/tasks", {
      params: { header: key() },
      body: { title: "x" },
      bodySerializer: () => " ".repeat(300_000),
    }),
  ];
  for (const { error, response } of all) refused(error, response);
}

await crud();
await paging();
await others();
await problems();
console.log(JSON.stringify({ ...seen, refusals }));
