"""Weights that are started alike on the model page's backward view."""

from tests.support.screen import opened, query, said


def test_weights_that_start_alike_take_the_place_of_those_that_were_loaded() -> None:
    app = opened("model", part="backward", weights="printed")
    app.button(key="all_ones").click().run()
    assert "weights" not in query(app)
    assert "ones" in query(app)["net"]
    assert "are interchangeable" in said(app)
