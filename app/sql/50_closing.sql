-- After how many days a case that passed its check closes by itself, to begin with. A city sets its
-- own by `minqing case rule`; disputes, warnings, rescues and hazards are closed by somebody.
INSERT INTO closing_rule (prefix, days, valid)
SELECT prefix, days, '[2000-01-01,)'
FROM (VALUES ('01', 7), ('02', 7), ('03', 7), ('04', 7), ('05', 15), ('06', 7), ('13', 7), ('14', 15))
    t (prefix, days)
WHERE NOT EXISTS (SELECT FROM closing_rule);
