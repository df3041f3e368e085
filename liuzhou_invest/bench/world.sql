-- Each statement makes the rows %(first)s to %(last)s of its table. Ids are the running number.

INSERT INTO projects_enterprise (id, name, name_key, origin, contact_name, contact_phone, created_at, version)
    SELECT n, '深圳虚构' || n || '科技有限公司', '虚构' || n, '深圳', '', '', now(), 1
    FROM generate_series(%(first)s, %(last)s) n;

INSERT INTO projects_project (id, code, name, code_name, confidentiality, enterprise_id, task_force_id,
        reporting_unit_id, location_id, is_industrial, content, officer, fixed_assets, annual_output, permit_no,
        stage, stage_since, status, status_reason, contracted, signed_on, created_at, created_by_id, version)
    SELECT n, 'BN-' || lpad(n::text, 8, '0'), '虚构' || n || (ARRAY['动力电池','数控机床','智能座舱','螺蛳粉'])[1 + n %% 4]
        || '项目', '', 'internal', n, (ARRAY(SELECT id FROM taskforces_taskforce ORDER BY id))[1 + n %% 9], unit, unit,
        n %% 5 <> 0, '', '', amount * 0.7, amount, '', stage, day, 'active', '',
        CASE WHEN stage IN ('preparation', 'negotiation') THEN 0 ELSE amount END,
        CASE WHEN stage IN ('preparation', 'negotiation') THEN NULL ELSE day END, now(), %(user)s, 1
    FROM generate_series(%(first)s, %(last)s) n,
        LATERAL (SELECT 1500 + (n * 7919::bigint) %% 90000 AS amount, %(today)s::date - (n %% 1000)::int AS day,
            (ARRAY(SELECT id FROM taskforces_reportingunit ORDER BY id))[1 + (n / 9) %% 12] AS unit,
            (ARRAY['preparation','negotiation','signing','commencement','construction','production','full_capacity'])
                [1 + (n / 7) %% 7] AS stage) AS fact;

INSERT INTO projects_contractevent (id, project_id, kind, amount, currency, signed_on, exclusion_reason, note,
        recorded_by_id, recorded_on, recorded_at, source)
    SELECT id, id, 'signed', contracted, 'CNY', signed_on, '', '', %(user)s, signed_on, now(), ''
    FROM projects_project WHERE id BETWEEN %(first)s AND %(last)s AND signed_on IS NOT NULL;

INSERT INTO projects_contractverdict (id, event_id, verdict, "on", by_id, reason, recorded_at)
    SELECT id, id, 'verified', signed_on, %(user)s, '', now()
    FROM projects_contractevent WHERE id BETWEEN %(first)s AND %(last)s;

INSERT INTO projects_stagechange (project_id, source, target, "on", recorded_at, by_id, note)
    SELECT id, '', stage, stage_since, now(), %(user)s, ''
    FROM projects_project WHERE id BETWEEN %(first)s AND %(last)s;

INSERT INTO projects_progressreport (project_id, month, version, invested, funds_in_place, physical, blocked_by,
        reason, by_id, recorded_on, recorded_at)
    SELECT id, month, 1, amount, amount, '', '', '', %(user)s, month + 33, now()
    FROM projects_project,
        LATERAL (SELECT date_trunc('month', %(today)s::date)::date - interval '1 month' * ago AS day,
            fixed_assets * (4 - ago) / 10 AS amount FROM generate_series(1, 2) ago) AS told,
        LATERAL (SELECT day::date AS month) AS first
    WHERE id BETWEEN %(first)s AND %(last)s AND stage IN ('commencement', 'construction');
