// The model `pooled` without covariates, written for Stan from models/README.md: every Sigma_g integrated out.
functions {
  // Correlation matrix of InverseWishart(p + 1, I): every correlation is uniform on (-1, 1). L L' is the matrix.
  real log_marginally_uniform(matrix L) {
    int p = rows(L);
    real log_det = 2 * sum(log(diagonal(L)));
    matrix[p, p] inverse = mdivide_left_tri_low(L, identity_matrix(p));
    real log_minors = p * log_det + sum(log(columns_dot_self(inverse)));
    return (0.5 * p * (p - 1) - 1) * log_det - 0.5 * (p + 1) * log_minors;
  }
}
data {
  int<lower=2> p;
  int<lower=2> G;
  int<lower=0> H;                 // pairs of homologous regions
  array[H] int left;
  array[H] int right;
  array[G] int<lower=1> n;
  array[G] vector[p] centre;      // mean of y in each group, the control first
  array[G] matrix[p, p] scatter;  // cross-products of y around it
}
transformed data {
  int E = (p * (p - 1)) %/% 2;
}
parameters {
  vector[p] intercept;
  matrix[p, G - 1] difference_offset;
  vector[G - 1] mean_shift;
  vector<lower=0>[G - 1] mean_spread;
  vector<lower=0, upper=1>[G - 1] mean_symmetry;
  vector[p] log_scale_control;
  matrix[p, G - 1] log_scale_offset;
  vector[G - 1] spread_shift;
  vector<lower=0>[G - 1] spread_size;
  cholesky_factor_corr[p] L;
  real log_kappa;
}
transformed parameters {
  array[G] vector[p] mu;
  vector[G] log_det_psi;
  array[G] matrix[p, p] total;
  real nu = exp(log_kappa) + p + 1;
  {
    matrix[p, p] R = multiply_lower_tri_self_transpose(L);
    for (g in 1:G) {
      vector[p] log_scale = log_scale_control;
      mu[g] = intercept;
      if (g > 1) {
        vector[p] departure = difference_offset[, g - 1];
        real c = mean_symmetry[g - 1];
        for (h in 1:H) {
          departure[right[h]] = c * departure[left[h]] + sqrt(1 - square(c)) * departure[right[h]];
        }
        mu[g] += mean_shift[g - 1] + mean_spread[g - 1] * departure;
        log_scale += spread_shift[g - 1] + spread_size[g - 1] * log_scale_offset[, g - 1];
      }
      total[g] = exp(log_kappa) * quad_form_diag(R, exp(log_scale)) + scatter[g]
                 + n[g] * tcrossprod(to_matrix(centre[g] - mu[g]));
      total[g] = (total[g] + total[g]') / 2;  // symmetric to the last digit
      log_det_psi[g] = p * log_kappa + 2 * sum(log_scale) + 2 * sum(log(diagonal(L)));
    }
  }
}
model {
  intercept ~ normal(0, 2);
  mean_shift ~ normal(0, 2);
  mean_spread ~ normal(0, 1);
  to_vector(difference_offset) ~ std_normal();
  log_scale_control ~ normal(0, 0.5);
  spread_shift ~ normal(0, 0.5);
  spread_size ~ normal(0, 0.3);
  to_vector(log_scale_offset) ~ std_normal();
  log_kappa ~ normal(log(40), 1.5);
  target += lkj_corr_cholesky_lpdf(L | 1) + log_marginally_uniform(L);  // the former is the Jacobian of L -> L L'
  for (g in 1:G) {
    target += lmgamma(p, (nu + n[g]) / 2) - lmgamma(p, nu / 2) + nu / 2 * log_det_psi[g]
              - (nu + n[g]) / 2 * log_determinant_spd(total[g]);
  }
}
generated quantities {
  real kappa = exp(log_kappa);
  matrix[G, p] mean_of_group;
  matrix[G, p] sd_of_group;
  matrix[G, E] correlation;
  vector[E] shared_correlation;
  {
    matrix[p, p] R = multiply_lower_tri_self_transpose(L);
    for (g in 0:G) {
      int e = 1;
      matrix[p, p] S = g == 0 ? R : inv_wishart_rng(nu + n[max(g, 1)], total[max(g, 1)]);
      vector[p] sd = sqrt(diagonal(S));
      if (g > 0) {
        mean_of_group[g] = mu[g]';
        sd_of_group[g] = sd';
      }
      for (a in 1:(p - 1)) {
        for (b in (a + 1):p) {
          if (g == 0) shared_correlation[e] = S[a, b];
          else correlation[g, e] = S[a, b] / (sd[a] * sd[b]);
          e += 1;
        }
      }
    }
  }
}
