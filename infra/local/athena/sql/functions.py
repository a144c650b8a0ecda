"""Trino functions that DuckDB lacks or computes otherwise, as DuckDB macros.

Semantics follow https://trino.io/docs/current/functions.html. In Trino a DATE plus an INTERVAL is a DATE, in DuckDB a
TIMESTAMP: hence the casts to the type of an argument. Macros that begin with `t_` are called by the translation only.
Macros with several signatures are avoided where an unnested array may need them: correlated, they crash DuckDB 2.0.
"""

DOUBLE_DIVISION = "create macro t_divide_doubles(a, b) as a / b"
"""Defined before `/` means Trino's division: with doubles, a zero below gives infinity or NaN."""

MACROS = r"""
create macro t_add(d, i) as cast_to_type(d + i, d);
create macro t_sub(d, i) as cast_to_type(d - i, d);
create macro t_trunc(u, d) as cast_to_type(date_trunc(u, d), d);
create macro t_sequence(a, b, i) as cast_to_type(generate_series(a, b, i), [a]);
create macro t_sequence_by_one(a, b) as list_transform(
  generate_series(0, cast(b - a as BIGINT), case when a <= b then 1 else -1 end), lambda i : a + cast(i as INTEGER));
create macro t_sequence_by_months(a, b, i) as list_filter(
  list_transform(range(len(generate_series(a, b, i)) + 2), lambda k : cast_to_type(a + i * cast(k as INTEGER), a)),
  lambda d : d <= b);
create macro t_divide(a, b) as cast_to_type(a / b, a + b);
create macro t_divide_by_any(a, b) as case when typeof(a + b) in ('DOUBLE', 'FLOAT') and b = 0
  then cast_to_type(t_divide_doubles(a, b), a + b) else cast_to_type(a / b, a + b) end;
create macro t_round(x, n) as cast_to_type(round(x, n), x);
create macro t_zone(d, z) as cast(d as TIMESTAMPTZ) at time zone z;
create macro t_regexp_extract(s, p, g) as case when regexp_matches(s, p) then regexp_extract(s, p, g) end;
create macro t_split_part(s, d, i) as case when i <= len(string_split(s, d)) then split_part(s, d, i) end;
create macro t_distinct(l) as list_filter(l, lambda x, i : coalesce(list_position(l, x), i) = i);
create macro t_except(a, b) as list_filter(t_distinct(a), lambda x : not coalesce(list_contains(b, x), false));
create macro t_has_null(l) as len(l) > list_aggregate(l, 'count');
create macro t_any(l) as case when list_contains(l, true) then true when l is null or t_has_null(l) then null
  else false end;
create macro t_all(l) as case when list_contains(l, false) then false when l is null or t_has_null(l) then null
  else true end;
create macro t_array_max(l) as case when not t_has_null(l) then list_max(l) end;
create macro t_array_min(l) as case when not t_has_null(l) then list_min(l) end;
create macro t_position(l, x) as case when l is not null and x is not null
  then cast(coalesce(list_position(l, x), 0) as BIGINT) end;
create macro t_subscript(c, i) as case when typeof(c) like '%[]' and try_cast(cast(i as VARCHAR) as BIGINT) < 1
  then error('INVALID_FUNCTION_ARGUMENT: ' || case when cast(i as VARCHAR) = '0' then 'SQL array indices start at 1'
  else 'Array subscript is negative: ' || cast(i as VARCHAR) end)
  else coalesce(c[i], case when c is null or i is null then null
  when typeof(c) like '%[]' and try_cast(cast(i as VARCHAR) as BIGINT) > json_array_length(to_json(c))
  then error('INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: '
  || cast(i as VARCHAR) || ' > ' || json_array_length(to_json(c)))
  when typeof(c) like 'MAP(VARCHAR%' and not list_contains(json_keys(to_json(c)), cast(i as VARCHAR))
  then error('INVALID_FUNCTION_ARGUMENT: Key not present in map: ' || cast(i as VARCHAR)) end) end;
create macro t_element_at(c, i) as case when typeof(c) like '%[]' and try_cast(cast(i as VARCHAR) as BIGINT) = 0
  then error('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1') else c[i] end;
create macro t_try_subscript(c, i) as case
  when typeof(c) not like '%[]' or try_cast(cast(i as VARCHAR) as BIGINT) > 0 then c[i] end;
create macro t_entries(m) as list_transform(map_entries(m), lambda e : struct_pack(field0 := e.key, field1 := e.value));
create macro t_strpos(s, p, n) as cast(case when len(string_split(s, p)) > n
  then len(array_to_string(string_split(s, p)[:n], p)) + 1 else 0 end as BIGINT);
create macro t_split(s, d, n) as case when len(string_split(s, d)) <= n then string_split(s, d)
  else list_append(string_split(s, d)[:n - 1], array_to_string(string_split(s, d)[n:], d)) end;
create macro t_json_scalar(j, p) as case when coalesce(json_type(j, p), '') not in ('OBJECT', 'ARRAY')
  then json_extract_string(j, p) end;
create macro t_millisecond(d) as cast(date_part('millisecond', d) % 1000 as BIGINT);
create macro t_url_encode(s) as replace(url_encode(s), '%20', '+');
create macro t_url_decode(s) as url_decode(replace(s, '+', ' '));
create macro t_cardinality(x) as cast(case when json_type(to_json(x)) = 'OBJECT' then len(json_keys(to_json(x)))
  else json_array_length(to_json(x)) end as BIGINT);
create macro to_iso8601(d DATE) as strftime(d, '%Y-%m-%d'),
  (d TIMESTAMP) as strftime(d, '%Y-%m-%dT%H:%M:%S.%g'),
  (d TIMESTAMPTZ) as strftime(d at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ');
create macro t_milliseconds(i) as cast(epoch_ms(i) as bigint);
create macro array_union(a, b) as t_distinct(list_concat(a, b));
create macro arrays_overlap(a, b) as case when list_has_any(a, b) then true
  when not t_has_null(a) and not t_has_null(b) then false end;
create macro trim_array(l, n) as list_slice(l, 1, len(l) - n);
create macro is_json_scalar(j) as json_type(j) not in ('OBJECT', 'ARRAY');
create macro json_array_contains(j, x) as
  list_contains(cast(json_extract(j, '$[*]') as VARCHAR[]), cast(to_json(x) as VARCHAR));
create macro json_size(j, p) as cast(case json_type(j, p) when 'ARRAY' then json_array_length(j, p)
  when 'OBJECT' then len(json_keys(j, p)) else 0 end as BIGINT);
create macro json_array_get(j, i) as json_extract(j, cast(i as BIGINT));
create macro regexp_position(s, p) as cast(case when regexp_matches(s, p)
  then strpos(s, regexp_extract(s, p)) else -1 end as INTEGER);
create macro t_split_to_map(s, e, k) as map_from_entries(list_transform(string_split(s, e),
  lambda x : struct_pack(k := split_part(x, k, 1), v := split_part(x, k, 2))));
create macro contains_sequence(a, b) as len(list_filter(range(len(a) - len(b) + 1),
  lambda i : list_slice(a, i + 1, i + len(b)) = b)) > 0;
create macro ngrams(a, n) as list_transform(range(greatest(len(a) - n + 1, 1)), lambda i : list_slice(a, i + 1, i + n));
create macro yow(d) as isoyear(d);
create macro width_bucket(x, a, b, n) as cast(case when x < a then 0 when x >= b then n + 1
  else floor((x - a) * n * 1e0 / (b - a)) + 1 end as BIGINT);
create macro repeat(x, n) as list_transform(range(n), lambda i : x);
create macro map_agg(k, v) as map_from_entries(list_filter(list(struct_pack(k := k, v := v)),
  lambda e, i : list_position(list(k), e.k) = i));
create macro every(x) as bool_and(x);
create macro t_most_frequent(h, n) as map_from_entries(list_transform(list_slice(list_reverse_sort(list_transform(
  map_entries(h), lambda e : struct_pack(n := e.value, v := e.key))), 1, n),
  lambda e : struct_pack(k := e.v, v := cast(e.n as BIGINT))));
create macro approx_most_frequent(n, v, capacity) as t_most_frequent(histogram(v), n);
create macro t_first_entries(l) as map_from_entries(list_filter(l,
  lambda e, i : list_position(list_transform(l, lambda o : o.key), e.key) = i));
create macro map_union(m) as t_first_entries(flatten(list(map_entries(m))));
create macro t_multimap(l) as map_from_entries(list_transform(t_distinct(list_transform(l, lambda e : e[1])),
  lambda k : struct_pack(k := k, v := list_transform(list_filter(l, lambda o : o[1] = k), lambda o : o[2]))));
create macro multimap_agg(k, v) as t_multimap(list(row(k, v)));
create macro multimap_from_entries(l) as t_multimap(list_transform(l,
  lambda e : row(struct_extract_at(e, 1), struct_extract_at(e, 2))));
create macro t_split_to_multimap(s, e, k) as t_multimap(list_transform(string_split(s, e),
  lambda x : row(split_part(x, k, 1), split_part(x, k, 2))));
create macro array_histogram(l) as map_from_entries(list_transform(
  t_distinct(list_filter(l, lambda x : x is not null)),
  lambda k : struct_pack(k := k, v := cast(len(list_filter(l, lambda x : x = k)) as BIGINT))));
create macro combinations(l, n) as list_transform(list_filter(range(1 << len(l)), lambda m : bit_count(m) = n),
  lambda m : list_filter(l, lambda x, i : (m >> (i - 1)) & 1 = 1));
create macro t_shuffle(l) as list_transform(list_sort(list_transform(l, lambda x : struct_pack(r := random(), x := x))),
  lambda e : e.x);
create macro t_random(a, b, kind) as cast_to_type(a + floor(random() * (b - a)), kind);
create macro t_bin(x, bins) as cast(len(list_filter(bins, lambda b : b <= x)) as BIGINT);
create macro t_weighted(x, w, p) as list_aggregate(
  flatten(list(list_transform(range(cast(w as BIGINT)), lambda i : x))), 'quantile_disc', p);
create macro t_dot(a, b) as list_sum(list_transform(map_entries(a),
  lambda e : e.value * coalesce(map_extract_value(b, e.key), 0)));
create macro cosine_similarity(a DOUBLE[], b DOUBLE[]) as list_cosine_similarity(a, b),
  (a MAP(VARCHAR, DOUBLE), b MAP(VARCHAR, DOUBLE)) as t_dot(a, b) / sqrt(t_dot(a, a)) / sqrt(t_dot(b, b));
create macro from_unixtime_nanos(n) as cast(make_timestamp(cast(n // 1000 as BIGINT)) as TIMESTAMPTZ);
create macro e() as exp(1);
create macro nan() as cast('nan' as DOUBLE);
create macro infinity() as cast('infinity' as DOUBLE);
create macro is_nan(x) as isnan(x);
create macro is_finite(x) as isfinite(x);
create macro is_infinite(x) as isinf(x);
create macro codepoint(s) as unicode(s);
create macro hamming_distance(a, b) as hamming(a, b);
create macro normalize(s) as nfc_normalize(s);
create macro url_extract_protocol(u) as nullif(regexp_extract(u, '^([a-zA-Z][a-zA-Z0-9+.-]*):', 1), '');
create macro url_extract_host(u) as nullif(regexp_extract(u, '^[a-zA-Z][a-zA-Z0-9+.-]*://([^/:?#]+)', 1), '');
create macro url_extract_path(u) as regexp_extract(u, '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*([^?#]*)', 1);
create macro url_extract_port(u) as cast(nullif(regexp_extract(u, '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/:?#]+:(\d+)', 1), '')
  as BIGINT);
create macro url_extract_fragment(u) as nullif(regexp_extract(u, '#(.*)$', 1), '');
create macro url_extract_query(u) as regexp_extract(u, '[?]([^#]*)', 1);
create macro url_extract_parameter(u, p) as case when regexp_matches(u, '[?&]' || p || '(=|&|#|$)')
  then url_decode(regexp_extract(u, '[?&]' || p || '=([^&#]*)', 1)) end;
"""

# Joda patterns of format_datetime and parse_datetime -> strftime, longest first
_JODA = (
    ("yyyy", "%Y"),
    ("YYYY", "%Y"),
    ("MMMM", "%B"),
    ("EEEE", "%A"),
    ("MMM", "%b"),
    ("EEE", "%a"),
    ("SSS", "%g"),
    ("MM", "%m"),
    ("dd", "%d"),
    ("HH", "%H"),
    ("hh", "%I"),
    ("mm", "%M"),
    ("ss", "%S"),
    ("yy", "%y"),
    ("E", "%a"),
    ("a", "%p"),
    ("w", "%V"),
    ("e", "%u"),
    ("D", "%j"),
    ("H", "%-H"),
    ("d", "%-d"),
    ("M", "%-m"),
)


def joda_to_strftime(pattern: str) -> str:
    """The strftime pattern for one of Joda's; text in single quotes is taken as it is."""
    out, at = "", 0
    while at < len(pattern):
        if pattern[at] == "'":
            end = pattern.find("'", at + 1)
            end = len(pattern) if end < 0 else end
            out, at = out + pattern[at + 1 : end], end + 1
            continue
        joda, strftime = next((pair for pair in _JODA if pattern.startswith(pair[0], at)), (pattern[at], pattern[at]))
        out, at = out + strftime, at + len(joda)
    return out
