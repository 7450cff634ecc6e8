// SPDX-License-Identifier: BSD-3-Clause
#include "health/judgement.h"

namespace lbd::health {

Judgement::Step Judgement::attempt(bool success) {
    in_a_row_ = in_a_row_ != 0 && last_ == success ? in_a_row_ + 1 : 1;
    last_ = success;
    if (success) {
        const bool changed = verdict_ != Verdict::up && in_a_row_ >= rules_.rise;
        if (changed) verdict_ = Verdict::up;
        return {rules_.interval, changed};
    }
    if (verdict_ == Verdict::up && in_a_row_ <= rules_.retries)
        return {rules_.delay_before_retry, false};
    const bool changed = verdict_ != Verdict::down;
    verdict_ = Verdict::down;
    return {rules_.interval, changed};
}

} // namespace lbd::health
