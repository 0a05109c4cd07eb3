#include "cmd/version.h"

#include "base/json.h"
#include "base/yaml.h"
#include "io/h5.h"
#include "num/blas.h"
#include "num/dnn.h"
#include "num/kern.h"
#include "par/par.h"
#include "qpu/http.h"

#ifndef CALOQ_COMMIT
#define CALOQ_COMMIT "unknown"
#endif

const char *version_short(void)
{
    return "caloq 0.1.0 (" CALOQ_COMMIT ")";
}

void version_print(FILE *out)
{
    char mpi[64], hdf5[64], dnn[64];

    par_version(mpi, sizeof mpi);
    h5_version(hdf5, (int)sizeof hdf5);
    dnn_version(dnn, (int)sizeof dnn);
    fprintf(out, "%s\n", version_short());
    fprintf(out, "%s, %s, %s, libyaml %s, jansson %s, %s\n", mpi, hdf5, dnn, yaml_version(),
            json_version(), http_version());
    fprintf(out, "BLAS core %s, kernels %s\n", blas_core(), kern_best()->name);
}
