/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Automatically generated C representation of universe automaton
 * For further information about this format, see kernel documentation:
 *   Documentation/trace/rv/deterministic_automata.rst
 */

#define MONITOR_NAME universe

enum states_universe {
	arrived_universe,
	arrived_in_universe,
	behind_universe,
	behind_in_universe,
	turned_universe,
	turned_in_universe,
	state_max_universe,
};

#define INVALID_STATE state_max_universe

enum events_universe {
	die_universe,
	enter_universe,
	force_universe,
	leave_universe,
	move_universe,
	pause_universe,
	start_universe,
	turn_universe,
	event_max_universe,
};

struct automaton_universe {
	char *state_names[state_max_universe];
	char *event_names[event_max_universe];
	unsigned char function[state_max_universe][event_max_universe];
	unsigned char initial_state;
	bool final_states[state_max_universe];
};

static const struct automaton_universe automaton_universe = {
	.state_names = {
		"arrived",
		"arrived_in",
		"behind",
		"behind_in",
		"turned",
		"turned_in",
	},
	.event_names = {
		"die",
		"enter",
		"force",
		"leave",
		"move",
		"pause",
		"start",
		"turn",
	},
	.function = {
		{
			arrived_universe,
			arrived_in_universe,
			INVALID_STATE,
			arrived_universe,
			INVALID_STATE,
			INVALID_STATE,
			behind_universe,
			behind_universe,
		},
		{
			arrived_in_universe,
			arrived_in_universe,
			INVALID_STATE,
			arrived_universe,
			INVALID_STATE,
			INVALID_STATE,
			behind_in_universe,
			behind_in_universe,
		},
		{
			arrived_universe,
			behind_in_universe,
			arrived_universe,
			behind_universe,
			arrived_universe,
			arrived_universe,
			INVALID_STATE,
			turned_universe,
		},
		{
			arrived_in_universe,
			behind_in_universe,
			arrived_in_universe,
			behind_universe,
			INVALID_STATE,
			arrived_in_universe,
			INVALID_STATE,
			turned_in_universe,
		},
		{
			arrived_universe,
			turned_in_universe,
			INVALID_STATE,
			turned_universe,
			behind_universe,
			behind_universe,
			behind_universe,
			behind_universe,
		},
		{
			arrived_in_universe,
			turned_in_universe,
			INVALID_STATE,
			turned_universe,
			INVALID_STATE,
			behind_in_universe,
			behind_in_universe,
			behind_in_universe,
		},
	},
	.initial_state = arrived_universe,
	.final_states = { 1, 0, 0, 0, 0, 0 },
};
