"""Cases of the past, written where tests want them."""

from sqlalchemy import text
from sqlalchemy.orm import Session


def report(session: Session, unit_id: int, number: int, *, steps: tuple[str, ...]) -> None:
    """Cases at a unit, each with these steps, reported a month ago."""
    session.execute(
        text("""
            WITH made AS (
                INSERT INTO incident (reported_at, no, id, category, title, description, severity,
                    source, status, cell_code, geom, location_uncertainty_m, occurred_at, simulated)
                SELECT now() - interval '30 days', nextval('incident_no_seq'), gen_random_uuid(),
                    '0110', '垃圾', '', 2, 'patrol', 'closed', u.cell_code,
                    ST_PointOnSurface(u.geom), 0, now() - interval '30 days', false
                FROM base_unit u, generate_series(1, :number)
                WHERE u.unit_id = :unit AND upper_inf(u.valid)
                RETURNING no, reported_at, cell_code)
            INSERT INTO incident_event (at, no, ordinal, step, status, tier, cell_code)
            SELECT reported_at + o * interval '1 minute', no, o, s, 'registered', 'grid', cell_code
            FROM made, unnest(CAST(:steps AS text[])) WITH ORDINALITY AS t (s, o)"""),
        {"unit": unit_id, "number": number, "steps": list(steps)},
    )
