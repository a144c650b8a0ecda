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

async function labels(): Promise<void> {
  const body = { title: "labelled", labels: ["errand", "Errand", "home"] };
  const { data } = await api.POST("/api/v1/tasks", { params: { header: key() }, body });
  const task = present(data);
  const listed = await api.GET("/api/v1/tasks", { params: { query: { label: ["HOME", "none"] } } });
  if (present(listed.data).map((one) => one.id).join() !== task.id) throw new Error("the label does not find its task");
  await api.DELETE("/api/v1/tasks/{task_id}", { params: { path: { task_id: task.id } } });
  seen["labels"] = task.labels;
}

async function subtasks(): Promise<void> {
  const parent = await create("parent");
  const params = { header: key() };
  const { data } = await api.POST("/api/v1/tasks", { params, body: { title: "child", parent_id: parent.id } });
  const child = present(data);
  const listed = await api.GET("/api/v1/tasks", { params: { query: { parent_id: parent.id } } });
  const body = { title: "grandchild", parent_id: child.id };
  const deeper = await api.POST("/api/v1/tasks", { params: { header: key() }, body });
  for (const task of [parent, child]) {
    await api.DELETE("/api/v1/tasks/{task_id}", { params: { path: { task_id: task.id } } });
  }
  seen["subtasks"] = { listed: present(listed.data).map((one) => one.title), too_deep: deeper.response.status };
}

async function recurrence(): Promise<void> {
  const params = { header: key() };
  const body = { title: "recurring", due_date: "2027-01-31", recurrence: "FREQ=MONTHLY;BYMONTHDAY=-1" };
  const { data } = await api.POST("/api/v1/tasks", { params, body });
  const task = present(data);
  const path = { task_id: task.id };
  const done = await api.PATCH("/api/v1/tasks/{task_id}", { params: { path }, body: { status: "completed" } });
  const next = { task_id: present(done.data).next_id ?? "" };
  const following = present((await api.GET("/api/v1/tasks/{task_id}", { params: { path: next } })).data);
  for (const one of [path, next]) await api.DELETE("/api/v1/tasks/{task_id}", { params: { path: one } });
  seen["recurrence"] = { due: following.due_date, linked: following.previous_id === task.id };
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

async function webhooks(): Promise<void> {
  const body = { url: "https://example.com/todo", event_types: ["task.created" as const] };
  const made = present((await api.POST("/api/v1/webhooks", { params: { header: key() }, body })).data);
  const path = { webhook_id: made.id };
  const changed = await api.PATCH("/api/v1/webhooks/{webhook_id}", { params: { path }, body: { enabled: false } });
  const sent = await api.POST("/api/v1/webhooks/{webhook_id}/test", { params: { path, header: key() } });
  const listed = await api.GET("/api/v1/webhooks/{webhook_id}/deliveries", { params: { path } });
  const removed = await api.DELETE("/api/v1/webhooks/{webhook_id}", { params: { path } });
  seen["webhook"] = {
    secret: (made.secret ?? "").slice(0, 6),
    enabled: present(changed.data).enabled,
    sent: present(sent.data).event_type,
    listed: present(listed.data).length,
    removed: removed.response.status,
  };
}

async function transfer(): Promise<void> {
  const exported = await api.GET("/api/v1/export", { parseAs: "text" });
  const done = await api.POST("/api/v1/import", { body: { lines: [{ type: "export" }] } });
  const first: { type: string } = JSON.parse(present(exported.data).split("\n")[0] ?? "");
  seen["transfer"] = { exported: first.type, unchanged: present(done.data).unchanged };
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
  const counts = present((await api.GET("/api/v1/tasks/counts", {})).data);
  const pending = present((await api.GET("/api/v1/tasks", { params: { query: { status: ["pending"] } } })).data);
  seen["counted"] = counts.by_status.pending === pending.length;
  const zoned = await api.PATCH("/api/v1/users", { body: { time_zone: "Pacific/Kiritimati" } });
  const timed = await api.POST("/api/v1/tasks", {
    params: { header: key() },
    body: { title: "timed", due_at: "2026-12-01T09:00:00+14:00" },
  });
  const { due_at, due_date } = present(timed.data);
  seen["zoned"] = [present(zoned.data).time_zone, due_date, due_at === "2026-11-30T19:00:00.000000Z"];
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
await labels();
await subtasks();
await recurrence();
await others();
await webhooks();
await transfer();
await problems();
console.log(JSON.stringify({ ...seen, refusals }));
