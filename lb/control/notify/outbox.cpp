// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/notify/outbox.h"

#include <algorithm>
#include <utility>

namespace lbd::control::notify {

void Outbox::add(const Event& event, Time now) {
    if (digest_.empty()) due_ = now + collect_;
    digest_.add(event);
}

std::optional<Outbox::Time> Outbox::due() const {
    if (under_way_ || pending() == 0) return std::nullopt;
    if (hurried_) return Time{};
    return letter_ ? again_ : std::max(due_, not_before_);
}

const std::string& Outbox::begin(Time now, const Compose& compose) {
    if (!letter_) {
        letter_ = compose(std::exchange(digest_, {}));
        attempts_ = 0;
    }
    under_way_ = true;
    ++attempts_;
    not_before_ = now + collect_;
    return *letter_;
}

void Outbox::succeeded() {
    ++sent_;
    letter_.reset();
    under_way_ = false;
}

std::optional<std::chrono::milliseconds> Outbox::failed(Time now) {
    under_way_ = false;
    if (attempts_ >= most_attempts || hurried_) {
        ++given_up_;
        letter_.reset();
        return std::nullopt;
    }
    const auto pause = std::min<std::chrono::milliseconds>(
        collect_ * (1U << (attempts_ - 1)),
        std::max<std::chrono::milliseconds>(collect_, longest_pause));
    again_ = now + pause;
    return pause;
}

} // namespace lbd::control::notify
